package dev.banger.vm;

import dev.banger.api.DoctorReport.Check;
import dev.banger.image.Image;
import dev.banger.operation.Lack;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A VM's root disk: the image shared read-only below where that can be, what the VM changed in a file of its own. The file's name
 * says its {@link DiskKind}, and its directory has the VM's id as its name.
 */
public interface RootDisks {
    /**
     * How a new root disk is kept here.
     *
     * @param raw whether the VMM takes disks only as they are
     * @throws dev.banger.api.BangerException PRECONDITION_FAILED when the user wants it in a way that this host cannot
     */
    DiskKind kindFor(boolean raw);

    /**
     * Makes the disk of a VM that is based on nothing but the image if it has none yet, in {@code file}, and what of the host it
     * takes to use it. Idempotent: a disk that is there is kept with all that was written to it; a new one is not flushed.
     */
    Disk prepare(Image image, Path file);

    /**
     * Writes out the disks of a VM that {@link #prepare} or {@link #copy} has just made, and its work disk: those do not wait for that, and
     * until it has been done a loss of power may damage a disk. Somebody may use them meanwhile. Idempotent.
     */
    void flush(List<Path> files);

    /** What of the host a disk is used through beside its file; empty: nothing. */
    Optional<Devices> devices(Path file);

    /** Gives back what {@link #prepare} took of the host; the file stays. Nobody uses it any more. Idempotent. */
    void release(Path file);

    /** The same for all disks in directories in {@code directory}, whose VMMs a daemon that was killed has left. */
    void releaseAll(Path directory);

    /**
     * Makes a VM's disk from one of the same kind that was written to above the same image, and does not flush it; {@code from} is not
     * written to any more.
     */
    void copy(Path from, Image image, Path file);

    /**
     * Makes a disk that is like another one of the same kind until it is written to.
     *
     * @param content that other one, which is not written to any more from when the new one is used; of a kind that has nothing
     *     below itself, not while this goes on
     * @param base where it will be by then
     */
    void overlay(Path content, Path base, Path file);

    /** What this host lacks to make an image of a disk. */
    List<Lack> lacksForImages();

    /**
     * Makes a disk that has all of the image in a file of its own.
     *
     * @param bytes its size, at least the image's; the guest grows its file system to that
     */
    void whole(Image image, Path file, long bytes);

    /**
     * Makes the root file system of an image of a disk from {@link #whole} that nobody uses any more: takes it away, checks it, and gives
     * back the space of what is free in it.
     *
     * @param rootfs where it is to be
     * @return whether it has an init of its own
     * @throws dev.banger.api.BangerException DATA_CORRUPT when the file system is damaged; the disk then may be gone
     */
    boolean intoImage(Path file, Path rootfs);

    /** How root disks are made here. */
    List<Check> doctor();

    /**
     * A disk as a VMM is given it.
     *
     * @param file a file, or a block device below {@code /dev}
     * @param format {@code qcow2} or {@code raw}; always explicit, never probed
     * @param serial by which the guest finds it: {@code root}, {@code work}, {@code modules}
     */
    record Disk(Path file, String format, String serial, boolean readOnly) {}

    /**
     * What a device-mapper snapshot consists of.
     *
     * @param baseLoop the loop device of the image
     * @param cowLoop the loop device of what was written
     */
    record Devices(String baseLoop, String cowLoop, String dmName, String dmDevice) {}
}
