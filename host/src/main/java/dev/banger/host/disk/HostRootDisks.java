package dev.banger.host.disk;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.host.disk.RootDiskChoice.Host;
import dev.banger.host.linux.DeviceMapper;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.Ext4Files;
import dev.banger.host.linux.FileCopy;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.PublishedFile;
import dev.banger.image.Image;
import dev.banger.operation.Lack;
import dev.banger.vm.DiskKind;
import dev.banger.vm.RootDisks;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/** Root disks of every kind: what a file is, its name says. Thread-safe as {@link RootDisks} is. */
public final class HostRootDisks implements RootDisks {
    private final Qcow2Overlay qcow2 = new Qcow2Overlay();
    private final DmSnapshots snapshots;
    private final ProgramRunner programs;
    private final String wish;
    private final Path images;
    private final Path vms;

    /**
     * @param wish how new ones are made: {@code auto}, {@code qcow2}, {@code device-mapper}, {@code reflink}, {@code copy}
     * @param images the directory of images, which may not be there yet
     * @param vms the directory of VMs
     * @throws dev.banger.api.BangerException INVALID_ARGUMENT for another wish
     */
    public HostRootDisks(String wish, Path images, Path vms, ProgramRunner programs) {
        this(wish, images, vms, programs, new DmSnapshots(new DeviceMapper()));
    }

    HostRootDisks(String wish, Path images, Path vms, ProgramRunner programs, DmSnapshots snapshots) {
        this.programs = programs;
        this.wish = RootDiskChoice.checked(wish);
        this.images = images;
        this.vms = vms;
        this.snapshots = snapshots;
    }

    @Override
    public DiskKind kindFor(boolean raw) {
        // Looking costs a little and loads modules, so not for who does not need it.
        Host host = raw || !RootDiskChoice.isAuto(wish) ? host(raw) : new Host(false, "not looked for", false);
        return RootDiskChoice.of(wish, host).kind();
    }

    private Host host(boolean raw) {
        return new Host(raw, snapshots.obstacle(), reflinks());
    }

    private boolean reflinks() {
        try {
            return FileCopy.sharesBlocks(images, vms);
        } catch (IOException e) {
            return false; // there is no image yet; what is wrong with the directories shows when they are used
        }
    }

    @Override
    public Disk prepare(Image image, Path file) {
        try {
            return switch (DiskKind.of(file)) {
                case QCOW2 -> qcow2.prepare(image, file);
                case RAW -> {
                    RawDisks.make(image.rootfs(), file);
                    yield new Disk(file, "raw", "root", false);
                }
                case COW -> new Disk(snapshots.activate(image.rootfs(), file), "raw", "root", false);
            };
        } catch (IOException e) {
            throw DiskFailure.of("cannot make the root disk " + file + " of " + image.rootfs(), file, e);
        }
    }

    @Override
    public void flush(List<Path> files) {
        PublishedFile.flush(files);
    }

    @Override
    public Optional<Devices> devices(Path file) {
        return DiskKind.of(file) == DiskKind.COW ? snapshots.devices(file) : Optional.empty();
    }

    @Override
    public void release(Path file) {
        if (DiskKind.of(file) == DiskKind.COW) {
            snapshots.release(file);
        }
    }

    @Override
    public void releaseAll(Path directory) {
        snapshots.releaseAll(directory);
    }

    @Override
    public void copy(Path from, Image image, Path file) {
        switch (DiskKind.of(file)) {
            case QCOW2 -> qcow2.copy(from, image, file);
            case RAW, COW -> duplicate(from, file);
        }
    }

    @Override
    public void overlay(Path content, Path base, Path file) {
        switch (DiskKind.of(file)) {
            case QCOW2 -> qcow2.overlay(content, base, file);
            case RAW -> {
                duplicate(content, file);
                flush(List.of(file));
            }
            case COW -> {
                try {
                    snapshots.flush(content);
                } catch (IOException e) {
                    throw DiskFailure.of("cannot write out the disk " + content, content, e);
                }
                duplicate(content, file);
                flush(List.of(file));
            }
        }
    }

    private static void duplicate(Path from, Path file) {
        try {
            RawDisks.copy(from, file);
        } catch (IOException e) {
            throw DiskFailure.of("cannot copy the disk " + from + " to " + file, file, e);
        }
    }

    @Override
    public List<Lack> lacksForImages() {
        return programs.lacks(List.of(Ext4.checkRequirement()));
    }

    @Override
    public void whole(Image image, Path file, long bytes) {
        Lack.refuse("make an image of a VM", lacksForImages()); // not only when all the work in it is done
        duplicate(image.rootfs(), file);
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.setLength(Math.max(bytes, disk.length()));
        } catch (IOException e) {
            throw DiskFailure.of("cannot grow the disk " + file, file, e);
        }
        flush(List.of(file));
    }

    @Override
    public boolean intoImage(Path file, Path rootfs) {
        try {
            if (!renamed(file, rootfs)) {
                FileCopy.copy(file, rootfs); // images and VMs lie on different file systems
                Files.delete(file);
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot make " + rootfs + " of " + file, rootfs, e);
        }
        new Ext4(programs).check(rootfs);
        try (Ext4Files files = Ext4Files.open(rootfs)) {
            return files.hasInit();
        } catch (IOException e) {
            throw DiskFailure.of("cannot read " + rootfs, rootfs, e);
        }
    }

    private static boolean renamed(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (AtomicMoveNotSupportedException e) {
            return false;
        }
    }

    @Override
    public List<Check> doctor() {
        try {
            Host host = new Host(true, snapshots.obstacle(), FileCopy.mayShareBlocks(images, vms));
            RootDiskChoice any = RootDiskChoice.of(wish, new Host(false, host.deviceMapper(), host.reflinks()));
            RootDiskChoice raw = any == RootDiskChoice.QCOW2 ? RootDiskChoice.of("auto", host) : any;
            String finding =
                    "made by " + any.label() + (any == raw ? "" : ", where the VMM needs raw ones by " + raw.label());
            return List.of(new Check(
                    Status.PASS,
                    "root disks",
                    finding
                            + (host.reflinks()
                                    ? ""
                                    : "; blocks are not shared, that takes images and VMs on one XFS or btrfs")
                            + (host.deviceMapper().isEmpty() ? "" : "; not by device-mapper: " + host.deviceMapper()),
                    ""));
        } catch (BangerException e) {
            return List.of(new Check(
                    Status.FAIL,
                    "root disks",
                    String.valueOf(e.getMessage()),
                    "unset BANGER_ROOT_DISKS for the daemon"));
        }
    }
}
