package dev.banger.daemon;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A bounded log from its older half ({@code FILE.1}) on; following, it goes along when the log is turned over and ends when
 * the VM does.
 */
final class LogStream extends InputStream {
    private static final Duration LOOK = Duration.ofMillis(100);

    private final Path file;
    private final boolean follow;
    private final BooleanSupplier alive;
    private @Nullable FileChannel channel;
    private @Nullable Object key;
    private boolean olderDone;
    private boolean closed;

    LogStream(Path file, boolean follow, BooleanSupplier alive) {
        this.file = file;
        this.follow = follow;
        this.alive = alive;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        while (!closed) {
            FileChannel open = channel;
            if (open == null && !openNext()) {
                if (!follow || !alive.getAsBoolean()) {
                    return -1;
                }
                pause();
                continue;
            }
            open = channel;
            int count = open == null ? -1 : open.read(ByteBuffer.wrap(target, offset, length));
            if (count > 0) {
                return count;
            }
            if (!olderDone) {
                olderDone = true;
                closeChannel();
            } else if (turnedOver()) {
                // What was written between our last look and the rename is still to be read from the old file.
                count = open == null ? -1 : open.read(ByteBuffer.wrap(target, offset, length));
                if (count > 0) {
                    return count;
                }
                closeChannel();
            } else if (!follow) {
                return -1;
            } else if (!alive.getAsBoolean()) {
                // One more look: the last words may have come between the two questions.
                count = open == null ? -1 : open.read(ByteBuffer.wrap(target, offset, length));
                return count > 0 ? count : -1;
            } else {
                pause();
            }
        }
        return -1;
    }

    private boolean openNext() throws IOException {
        Path next = olderDone ? file : file.resolveSibling(file.getFileName() + ".1");
        try {
            channel = FileChannel.open(next, StandardOpenOption.READ);
            key = fileKey(next);
            return true;
        } catch (NoSuchFileException e) {
            if (!olderDone) {
                olderDone = true;
                return openNext();
            }
            return false;
        }
    }

    private boolean turnedOver() throws IOException {
        Object now = fileKey(file);
        return now != null && !now.equals(key);
    }

    private static @Nullable Object fileKey(Path file) throws IOException {
        try {
            return Files.getAttribute(file, "unix:ino");
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static void pause() throws IOException {
        LockSupport.parkNanos(LOOK.toNanos());
        if (Thread.currentThread().isInterrupted()) {
            throw new IOException("interrupted while following a log");
        }
    }

    private void closeChannel() throws IOException {
        FileChannel open = channel;
        channel = null;
        if (open != null) {
            open.close();
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        closeChannel();
    }
}
