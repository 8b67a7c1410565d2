package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * A process pinned by a pidfd (pidfd_open(2)): signals reach exactly this process, also when its number has been given
 * to another one meanwhile. Works for processes that are not our children. Thread-safe. The one who opens it closes it.
 */
public final class Pidfd implements AutoCloseable {
    private static final int SIGKILL = 9;
    private static final Duration FIRST_LOOK = Duration.ofMillis(1);
    private static final Duration LAST_LOOK = Duration.ofMillis(200);

    private final int fd;
    private boolean closed;

    private Pidfd(int fd) {
        this.fd = fd;
    }

    /** Pins the process of that number and start; empty when it is gone. */
    public static Optional<Pidfd> open(long pid, long startTicks) {
        Libc.Result result = Libc.pidfdOpen(Math.toIntExact(pid));
        if (result.failed()) {
            return Optional.empty();
        }
        Pidfd pidfd = new Pidfd((int) result.value());
        // Only now that the number cannot be reused, compare: the descriptor pins whatever bears it.
        if (ProcFs.isAlive(pid, startTicks)) {
            return Optional.of(pidfd);
        }
        pidfd.close();
        return Optional.empty();
    }

    /** Sends SIGKILL; harmless when the process has ended. */
    public synchronized void kill() {
        if (!closed) {
            Libc.pidfdSendSignal(fd, SIGKILL);
        }
    }

    /**
     * Waits for the process's end.
     *
     * @return whether it ended in time; false too when this was closed meanwhile
     * @throws BangerException CANCELLED when the thread is interrupted
     */
    public boolean awaitExit(Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        long pause = FIRST_LOOK.toNanos();
        while (true) {
            if (hasExited()) {
                return true;
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for a process to end");
            }
            if (isClosed() || System.nanoTime() >= deadline) {
                return false;
            }
            // A blocking poll would hear neither an interrupt nor close(); parking costs next to nothing.
            LockSupport.parkNanos(Math.min(pause, Math.max(1, deadline - System.nanoTime())));
            pause = Math.min(pause * 3 / 2, LAST_LOOK.toNanos());
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized boolean hasExited() {
        return !closed && Libc.pollIn(fd, 0).value() > 0;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Libc.close(fd);
        }
    }
}
