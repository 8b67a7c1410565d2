package dev.banger.frame;

import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The receiver's side of a channel's window: grants credit when reading begins and again as data is taken out. Streams
 * that share a window (STDOUT and STDERR) share one of these. Thread-safe.
 */
public final class Window {
    /** The usual size, in bytes. */
    public static final int SIZE = 256 * 1024;

    /** Sends credit to the other side. */
    @FunctionalInterface
    public interface Granter {
        void grant(int bytes) throws IOException;
    }

    private final Granter granter;
    private final int size;
    private final ReentrantLock lock = new ReentrantLock();
    private long outstanding;
    private int consumed;
    private boolean opened;

    public Window(Granter granter) {
        this(granter, SIZE);
    }

    public Window(Granter granter, int size) {
        this.granter = granter;
        this.size = size;
    }

    /** Reading begins; only the first call grants. */
    void open() throws IOException {
        lock.lock();
        try {
            if (opened) {
                return;
            }
            opened = true;
            outstanding = size;
        } finally {
            lock.unlock();
        }
        granter.grant(size);
    }

    /** Data came in. */
    void received(int bytes) {
        lock.lock();
        try {
            outstanding -= bytes;
            if (outstanding < 0) {
                throw new ProtocolException("more data than was asked for");
            }
        } finally {
            lock.unlock();
        }
    }

    /** Data was handed on; grants when half a window has been, so that grants are few. */
    void consumed(int bytes) throws IOException {
        int grant = 0;
        lock.lock();
        try {
            consumed += bytes;
            if (consumed >= size / 2) {
                grant = consumed;
                outstanding += grant;
                consumed = 0;
            }
        } finally {
            lock.unlock();
        }
        if (grant > 0) {
            granter.grant(grant);
        }
    }
}
