package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.nio.file.Path;
import java.util.Optional;

/** An flock(2) on a file, which the kernel frees when its holder ends, however that happens. Closing frees it. */
public final class InstanceLock implements AutoCloseable {
    private final int fd;

    private InstanceLock(int fd) {
        this.fd = fd;
    }

    /** Takes the lock; empty when another process has it. */
    public static Optional<InstanceLock> tryTake(Path file) {
        Libc.Result opened = Libc.open(file.toString(), Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC, 0600);
        if (opened.failed()) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "cannot open the lock " + file + " (errno " + opened.errno() + ")");
        }
        int fd = (int) opened.value();
        if (Libc.flock(fd, Libc.LOCK_EX | Libc.LOCK_NB).failed()) {
            Libc.close(fd);
            return Optional.empty();
        }
        return Optional.of(new InstanceLock(fd));
    }

    /** Whether a process has it. Looks, makes nothing. */
    public static boolean isHeld(Path file) {
        Libc.Result opened = Libc.open(file.toString(), Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            return false; // there is none
        }
        int fd = (int) opened.value();
        boolean held = Libc.flock(fd, Libc.LOCK_EX | Libc.LOCK_NB).failed();
        Libc.close(fd);
        return held;
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
