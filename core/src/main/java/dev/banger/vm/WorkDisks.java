package dev.banger.vm;

import dev.banger.operation.Lack;
import java.nio.file.Path;
import java.util.List;

/** A VM's work disk: an ext4 file system that survives stop and start, can grow and never shrinks. */
public interface WorkDisks {
    /** What this host lacks to have that disk, which may be there already. Changes nothing. */
    List<Lack> lacks(Path file, long bytes);

    /** Makes the disk if it is not there yet, unflushed ({@link RootDisks#flush}); an existing one is kept and not resized. */
    RootDisks.Disk prepare(Path file, long bytes);

    /** Grows the disk of a stopped VM; the guest grows the file system when it next mounts it. */
    void grow(Path file, long bytes);
}
