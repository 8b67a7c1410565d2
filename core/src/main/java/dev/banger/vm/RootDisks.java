package dev.banger.vm;

import dev.banger.image.Image;
import java.nio.file.Path;

/** A VM's root disk: the image shared read-only below, what the VM changed in a file of its own. */
public interface RootDisks {
    /**
     * Makes the overlay of a VM that is based on nothing but the image if it has none yet, in {@code file}. Idempotent: an overlay that is there is kept with all
     * that was written to it.
     */
    Disk prepare(Image image, Path file);

    /** Makes a VM's overlay from one that was written to above the same image; {@code from} is not written to any more. */
    void copy(Path from, Image image, Path file);

    /**
     * Makes a disk that is like another one until it is written to.
     *
     * @param content that other one, which is not written to any more from when the new one is used
     * @param base where it will be by then
     */
    void overlay(Path content, Path base, Path file);

    /**
     * A disk as a VMM is given it.
     *
     * @param format {@code qcow2} or {@code raw}; always explicit, never probed
     * @param serial by which the guest finds it: {@code root}, {@code work}, {@code modules}
     */
    record Disk(Path file, String format, String serial, boolean readOnly) {}
}
