package dev.banger.vm;

import dev.banger.vm.RootDisks.Disk;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/** A VMM process that runs a VM, as the daemon controls it. Thread-safe. Closing lets go of it; the VM runs on. */
public interface RunningVm extends AutoCloseable {
    VmHandles handles();

    /**
     * Where in the guest its agent listens, when the channel's socket is that of a vsock; empty: the socket leads to the agent itself.
     * {@link #save} ends every connection through a vsock.
     */
    default OptionalInt vsockPort() {
        return OptionalInt.empty();
    }

    /** Whether the process still is the one that was started and not a zombie. */
    boolean isAlive();

    /**
     * Waits for the process's end.
     *
     * @return whether it ended in time
     * @throws dev.banger.api.BangerException CANCELLED when the thread is interrupted
     */
    boolean awaitExit(Duration atMost);

    /** Why the VMM ended, as far as it said so; empty if unknown. */
    String exitReason();

    /** Stops the guest's CPUs; a paused one is left as it is. */
    void pause();

    /** Lets a paused guest go on; a running one is left as it is. */
    void resume();

    boolean isPaused();

    /**
     * Saves memory and devices of the paused guest, which stays paused.
     *
     * @param memory a file that is made; sparse, as large as the guest's memory
     * @param state a file that is made
     */
    void save(Path memory, Path state);

    /**
     * From now on writes to other files: each disk is an overlay made before, based on the file that the disk of the same serial
     * number had until now. The guest is paused. Either all disks change or none.
     */
    void switchDisks(List<Disk> overlays);

    /** Whether {@link #switchDisks} has been done with this overlay. */
    boolean writesTo(Disk overlay);

    /**
     * Grows a disk, its file included, while the guest uses it; the guest learns of it a moment later.
     *
     * @throws dev.banger.api.BangerException INVALID_ARGUMENT when the disk is larger already
     */
    void growDisk(String serial, long bytes);

    /** Publishes the ports of a VM that was started without any. */
    void publish(Vmm.Attachment network);

    /** Whether anything is connected through its network, in either direction. */
    boolean hasConnections();

    /** The VM's directory has been renamed. */
    void movedTo(Path directory);

    /** Asks the VMM to end at once; the guest is not asked. Returns without waiting. */
    void quit();

    /** SIGKILL, through a pidfd, to exactly this process. Returns without waiting. */
    void kill();

    @Override
    void close();
}
