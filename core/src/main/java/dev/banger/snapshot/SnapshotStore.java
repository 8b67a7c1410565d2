package dev.banger.snapshot;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where saved machines are kept, templates or snapshots. Thread-safe. */
public interface SnapshotStore {
    /** Where snapshots are made; VMMs that have to do with that work in a directory there. */
    Path making();

    /** Where the snapshot of that id is once it is published. */
    Path place(String id);

    /** Makes the directory of a snapshot to be; nobody sees it before {@link #publish}. */
    Path begin(String id);

    /**
     * Makes it appear, durably. Of the directory's files only those that belong to a snapshot are kept.
     *
     * @param unfinished its directory, which becomes that of the snapshot; of a template it may lie elsewhere on the same file
     *     system
     */
    Snapshot publish(String id, MachineKey key, Snapshot.@Nullable Origin origin, Path unfinished);

    /**
     * Takes the checksums of a VM's disks, which {@link #publish} leaves out because it is waited for with the VM's lock held and
     * others': a disk can be large. Until then damage to one is noticed by its size alone.
     */
    Snapshot seal(Snapshot snapshot);

    /** Removes a directory that {@link #begin} made. Idempotent. */
    void discard(Path unfinished);

    Optional<Snapshot> find(String id);

    /** All, oldest first. */
    List<Snapshot> all();

    /**
     * Looks whether the files are as they were published: all of a file when it has changed since it was last looked at, else
     * only its inode. @return what is wrong; empty: nothing
     */
    Optional<String> fault(Snapshot snapshot);

    /** Moves what is broken out of the way, where it can be looked at until the next one that breaks. Idempotent. */
    void setAside(Snapshot snapshot);

    /** Drops the memory and the name, and keeps the disks that others are based on. */
    Snapshot keepOnlyDisks(Snapshot snapshot);

    void delete(Snapshot snapshot);

    /** Removes what a daemon that was killed left unfinished. Called once, before anything is begun. */
    void clear();
}
