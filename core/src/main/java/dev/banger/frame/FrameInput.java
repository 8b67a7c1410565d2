package dev.banger.frame;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of a stream of data frames. The reader of the connection {@linkplain #offer offers} payloads, another
 * thread reads. Nothing is granted to a sender nobody reads from, so at most a {@link Window} of data waits here.
 */
public final class FrameInput extends InputStream {
    private static final int SMALL = 2048;

    private final Window window;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<byte[]> chunks = new ArrayDeque<>();
    private int offset;
    private boolean ended;
    private @Nullable IOException failure;

    public FrameInput(Window window) {
        this.window = window;
    }

    /** Hands over a payload; an empty one is end of file. */
    public void offer(byte[] payload) {
        if (payload.length > 0) {
            window.received(payload.length);
        }
        lock.lock();
        try {
            if (payload.length == 0) {
                ended = true;
            } else {
                add(payload);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Many small payloads become few chunks: a sender of single bytes must not cost an array for each. */
    private void add(byte[] payload) {
        byte[] last = chunks.peekLast();
        if (last != null && last.length + payload.length <= SMALL) {
            byte[] joined = Arrays.copyOf(last, last.length + payload.length);
            System.arraycopy(payload, 0, joined, last.length, payload.length);
            chunks.removeLast();
            chunks.addLast(joined);
        } else {
            chunks.addLast(payload);
        }
    }

    /** End of file after what was offered. */
    public void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Reading fails after what was offered. */
    public void fail(IOException cause) {
        lock.lock();
        try {
            if (!ended) {
                failure = cause;
                ended = true;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int start, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        window.open();
        int taken;
        lock.lock();
        try {
            while (chunks.isEmpty() && !ended) {
                changed.await();
            }
            byte[] chunk = chunks.peek();
            if (chunk == null) {
                if (failure != null) {
                    throw new IOException(failure.getMessage(), failure);
                }
                return -1;
            }
            taken = Math.min(length, chunk.length - offset);
            System.arraycopy(chunk, offset, target, start, taken);
            offset += taken;
            if (offset == chunk.length) {
                chunks.remove();
                offset = 0;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while reading", e);
        } finally {
            lock.unlock();
        }
        window.consumed(taken);
        return taken;
    }

    @Override
    public int available() {
        lock.lock();
        try {
            byte[] chunk = chunks.peek();
            return chunk == null ? 0 : chunk.length - offset;
        } finally {
            lock.unlock();
        }
    }
}
