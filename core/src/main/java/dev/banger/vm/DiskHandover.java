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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a VM's disks become those of a snapshot. Qcow2 files are handed over: first overlays are made in the VM's directory,
 * {@code root.ID.qcow2} and {@code work.ID.qcow2}, naming the place where the snapshot will be; the files themselves become hard
 * links in the unfinished snapshot. The VMM then writes to the overlays, the snapshot is published, and with one update the VM's
 * record names it and the overlays. Nothing is renamed: QEMU opens a disk by its name once more when the next overlay is made. A
 * daemon that dies on the way leaves overlays that the record does not name ({@link #unfinishedIn}). Disks of other kinds have nothing
 * below them that could be shared, so they are copied and the VM keeps its own. Thread-safe; called under the VM's lock.
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
        return DiskKind.QCOW2.file(vm.directory(), serial + "." + id);
    }

    /** Whether the VM's disks can be handed over. */
    static boolean isLayered(VmRecord vm) {
        return DiskKind.of(vm.runtime().systemOverlay()) == DiskKind.QCOW2;
    }

    /** Whether the VM's disks are no longer those that it was given when it was made. */
    static boolean cameFromSnapshot(VmRecord vm) {
        return disk(vm, "root").getFileName().toString().split("\\.").length > 2;
    }

    List<Disk> overlays(VmRecord vm, Path place, String id) {
        List<Disk> made = new ArrayList<>();
        for (String serial : SERIALS) {
            Path overlay = overlay(vm, serial, id);
            disks.overlay(disk(vm, serial), DiskKind.QCOW2.file(place, serial), overlay);
            made.add(new Disk(overlay, "qcow2", serial, false));
        }
        return made;
    }

    /** Copies the disks of a VM that stands still. */
    void copy(VmRecord vm, Path unfinished) {
        for (String serial : SERIALS) {
            Path disk = disk(vm, serial);
            disks.overlay(disk, disk, DiskKind.of(disk).file(unfinished, serial));
        }
    }

    /** What {@link #copy} makes. */
    static List<Path> copies(VmRecord vm, Path unfinished) {
        return SERIALS.stream()
                .map(serial -> DiskKind.of(disk(vm, serial)).file(unfinished, serial))
                .toList();
    }

    /** The VM's disks become those of a snapshot, and what was on them since is gone. */
    void goBackTo(Snapshot snapshot, VmRecord vm, String id) {
        Map<String, Path> made = new HashMap<>();
        for (String serial : SERIALS) {
            Path base = snapshot.disk(serial);
            Path disk = DiskKind.of(base).file(vm.directory(), serial + "." + id);
            disks.overlay(base, base, disk);
            made.put(serial, disk);
        }
        boolean layered = DiskKind.of(snapshot.disk("root")) == DiskKind.QCOW2;
        replaceDisks(
                vm,
                Objects.requireNonNull(made.get("root")),
                Objects.requireNonNull(made.get("work")),
                layered ? snapshot.id() : null);
    }

    static boolean hasOverlays(VmRecord vm, String id) {
        return Files.exists(overlay(vm, "root", id)) && Files.exists(overlay(vm, "work", id));
    }

    static Disk rootOverlay(VmRecord vm, String id) {
        return new Disk(overlay(vm, "root", id), "qcow2", "root", false);
    }

    static void linkDisks(VmRecord vm, Path unfinished) {
        try {
            for (String serial : SERIALS) {
                Files.createLink(DiskKind.QCOW2.file(unfinished, serial), disk(vm, serial));
            }
        } catch (IOException e) {
            throw failed("take the disks of " + vm.name(), e);
        }
    }

    /** Whether {@link #linkDisks} has been done, to its end. */
    static boolean areLinked(Path unfinished) {
        return Files.exists(DiskKind.QCOW2.file(unfinished, SERIALS.getLast()));
    }

    static void deleteOverlays(VmRecord vm, String id) {
        try {
            for (String serial : SERIALS) {
                for (DiskKind kind : DiskKind.values()) {
                    Files.deleteIfExists(kind.file(vm.directory(), serial + "." + id));
                }
            }
        } catch (IOException e) {
            throw failed("remove the overlays of " + vm.name(), e);
        }
    }

    /** The overlays of {@code id} become the VM's disks: that its record says so is the moment. */
    void replaceDisks(VmRecord vm, String id, String base) {
        replaceDisks(vm, overlay(vm, "root", id), overlay(vm, "work", id), base);
    }

    private void replaceDisks(VmRecord vm, Path root, Path work, @Nullable String base) {
        VmRecord before = vms.find(vm.id())
                .orElseThrow(() -> BangerException.notFound("the VM " + vm.id() + " has been deleted"));
        vms.update(before.with(before.runtime().withDisks(root.toString(), work.toString(), base)));
        try {
            Files.deleteIfExists(disk(before, "root"));
            Files.deleteIfExists(disk(before, "work"));
        } catch (IOException e) {
            LOG.warn("Could not remove old disks of VM {}", vm.name(), e); // of qcow2 files they are other names
        }
    }

    /** Ids of those whose disks lie in the VM's directory and are not its disks. */
    static List<String> unfinishedIn(VmRecord vm) {
        if (!Files.isDirectory(vm.directory())) {
            return List.of();
        }
        List<String> ids = new ArrayList<>();
        String endings = String.join(",", DiskKind.endings());
        try (DirectoryStream<Path> entries =
                Files.newDirectoryStream(vm.directory(), "{root,work}.*.{" + endings + "}")) {
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
