package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.snapshot.Snapshot;
import dev.banger.vm.RootDisks.Disk;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a VM's disks become those of a snapshot. First overlays are made in the VM's directory, {@code root.ID.qcow2} and
 * {@code work.ID.qcow2}, naming the place where the snapshot will be; the files themselves become hard links in the unfinished
 * snapshot. The VMM then writes to the overlays, the snapshot is published, and with one update the VM's record names it and the
 * overlays. Nothing is renamed: QEMU opens a disk by its name once more when the next overlay is made. A daemon that dies on the
 * way leaves overlays that the record does not name ({@link #unfinishedIn}). Thread-safe; called under the VM's lock.
 */
final class DiskHandover {
    private static final Logger LOG = LoggerFactory.getLogger(DiskHandover.class);
    /** The one that is needed first when disks are taken back comes last. */
    private static final List<String> SERIALS = List.of("work", "root");

    private final VmStore vms;
    private final RootDisks disks;

    DiskHandover(VmStore vms, RootDisks disks) {
        this.vms = vms;
        this.disks = disks;
    }

    static Path disk(VmRecord vm, String serial) {
        return Path.of(
                serial.equals("root")
                        ? vm.runtime().systemOverlay()
                        : vm.runtime().workDisk());
    }

    private static Path overlay(VmRecord vm, String serial, String id) {
        return vm.directory().resolve(serial + "." + id + ".qcow2");
    }

    List<Disk> overlays(VmRecord vm, Path place, String id) {
        List<Disk> made = new ArrayList<>();
        for (String serial : SERIALS) {
            Path overlay = overlay(vm, serial, id);
            disks.overlay(disk(vm, serial), place.resolve(serial + ".qcow2"), overlay);
            made.add(new Disk(overlay, "qcow2", serial, false));
        }
        return made;
    }

    /** The VM's disks become new overlays over a snapshot's, and what was on them since is gone. */
    void goBackTo(Snapshot snapshot, VmRecord vm, String id) {
        for (String serial : SERIALS) {
            Path base = snapshot.file(serial + ".qcow2");
            disks.overlay(base, base, overlay(vm, serial, id));
        }
        replaceDisks(vm, id, snapshot.id());
    }

    static boolean hasOverlays(VmRecord vm, String id) {
        return Files.exists(overlay(vm, "root", id)) && Files.exists(overlay(vm, "work", id));
    }

    static Disk rootOverlay(VmRecord vm, String id) {
        return new Disk(overlay(vm, "root", id), "qcow2", "root", false);
    }

    static void linkDisks(VmRecord vm, Path unfinished) {
        try {
            Files.createLink(unfinished.resolve(Snapshot.ROOT), disk(vm, "root"));
            Files.createLink(unfinished.resolve(Snapshot.WORK), disk(vm, "work"));
        } catch (IOException e) {
            throw failed("take the disks of " + vm.name(), e);
        }
    }

    static void deleteOverlays(VmRecord vm, String id) {
        try {
            Files.deleteIfExists(overlay(vm, "root", id));
            Files.deleteIfExists(overlay(vm, "work", id));
        } catch (IOException e) {
            throw failed("remove the overlays of " + vm.name(), e);
        }
    }

    /** The overlays of {@code id} become the VM's disks: that its record says so is the moment. */
    void replaceDisks(VmRecord vm, String id, String base) {
        VmRecord before = vms.find(vm.id())
                .orElseThrow(() -> BangerException.notFound("the VM " + vm.id() + " has been deleted"));
        vms.update(before.with(before.runtime()
                .withDisks(
                        overlay(vm, "root", id).toString(),
                        overlay(vm, "work", id).toString(),
                        base)));
        try {
            Files.deleteIfExists(disk(before, "root"));
            Files.deleteIfExists(disk(before, "work"));
        } catch (IOException e) {
            LOG.warn(
                    "Could not remove old names of disks of VM {}",
                    vm.name(),
                    e); // they are links, and take up nothing
        }
    }

    /** Ids of those whose overlays lie in the VM's directory and are not its disks. */
    static List<String> unfinishedIn(VmRecord vm) {
        if (!Files.isDirectory(vm.directory())) {
            return List.of();
        }
        List<String> ids = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(vm.directory(), "{root,work}.*.qcow2")) {
            for (Path entry : entries) {
                String id = entry.getFileName().toString().split("\\.")[1];
                boolean current = entry.equals(disk(vm, "root")) || entry.equals(disk(vm, "work"));
                if (!current && !ids.contains(id)) {
                    ids.add(id);
                }
            }
            return ids;
        } catch (IOException e) {
            throw failed("look into " + vm.directory(), e);
        }
    }

    static BangerException failed(String what, IOException e) {
        return new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot " + what + ": " + e, e);
    }
}
