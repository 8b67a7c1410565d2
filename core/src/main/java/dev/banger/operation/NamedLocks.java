package dev.banger.operation;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock for each name, made when needed and gone when nobody holds or awaits it. Waiting ends when the thread is
 * interrupted, so nobody is stuck behind a cancelled operation (P33). Thread-safe.
 */
public final class NamedLocks {
    private static final class Entry {
        final ReentrantLock lock = new ReentrantLock(true);
        int users;
    }

    private final Map<String, Entry> entries = new HashMap<>();

    /** Held until closed, by the thread that took it. */
    public interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /** Takes the lock of {@code name}, waiting for it; reentrant. */
    public Held take(String name) {
        Entry entry;
        synchronized (entries) {
            entry = entries.computeIfAbsent(name, ignored -> new Entry());
            entry.users++;
        }
        try {
            entry.lock.lockInterruptibly();
        } catch (InterruptedException e) {
            leave(name, entry);
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for " + name, e);
        }
        return () -> {
            entry.lock.unlock();
            leave(name, entry);
        };
    }

    /** Whether somebody holds the lock of {@code name} right now. */
    public boolean isHeld(String name) {
        synchronized (entries) {
            Entry entry = entries.get(name);
            return entry != null && entry.lock.isLocked();
        }
    }

    private void leave(String name, Entry entry) {
        synchronized (entries) {
            entry.users--;
            if (entry.users == 0) {
                entries.remove(name);
            }
        }
    }
}
