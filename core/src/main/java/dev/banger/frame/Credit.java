package dev.banger.frame;

import java.io.IOException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** How many bytes of data a sender may still send on a channel. Thread-safe. */
public final class Credit {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long available;
    private boolean closed;

    /** Takes up to {@code wanted} bytes of credit, waiting until there is some; at least 1. */
    public int take(int wanted) throws IOException {
        lock.lock();
        try {
            while (available == 0 && !closed) {
                changed.await();
            }
            if (closed) {
                throw new IOException("the other side has ended");
            }
            int taken = (int) Math.min(wanted, available);
            available -= taken;
            return taken;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting to send", e);
        } finally {
            lock.unlock();
        }
    }

    public void grant(int bytes) {
        lock.lock();
        try {
            available += bytes;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** No more will be sent: whoever waits fails. */
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
