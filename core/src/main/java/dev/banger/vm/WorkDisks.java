package dev.banger.vm;

import java.nio.file.Path;

/** A VM's work disk: an ext4 file system that survives stop and start, can grow and never shrinks. */
public interface WorkDisks {
    /** Makes the disk if it is not there yet, unflushed ({@link RootDisks#flush}); an existing one is kept and not resized. */
    RootDisks.Disk prepare(Path file, long bytes);

    /** Grows the disk of a stopped VM; the guest grows the file system when it next mounts it. */
    void grow(Path file, long bytes);
}
