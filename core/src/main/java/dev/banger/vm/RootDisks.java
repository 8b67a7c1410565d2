package dev.banger.vm;

import dev.banger.image.Image;
import java.nio.file.Path;

/** A VM's root disk: the image shared read-only below, what the VM changed in a file of its own. */
public interface RootDisks {
    /**
     * Makes the VM's overlay if it has none yet, in {@code file}. Idempotent: an overlay that is there is kept with all
     * that was written to it.
     */
    Disk prepare(Image image, Path file);

    /**
     * A disk as a VMM is given it.
     *
     * @param format {@code qcow2} or {@code raw}; always explicit, never probed
     * @param serial by which the guest finds it: {@code root}, {@code work}, {@code modules}
     */
    record Disk(Path file, String format, String serial, boolean readOnly) {}
}
