package dev.banger.vm;

import java.time.Duration;

/** A VMM process that runs a VM, as the daemon controls it. Thread-safe. Closing lets go of it; the VM runs on. */
public interface RunningVm extends AutoCloseable {
    VmHandles handles();

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

    /** Asks the VMM to end at once; the guest is not asked. Returns without waiting. */
    void quit();

    /** SIGKILL, through a pidfd, to exactly this process. Returns without waiting. */
    void kill();

    @Override
    void close();
}
