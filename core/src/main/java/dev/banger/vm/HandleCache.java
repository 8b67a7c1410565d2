package dev.banger.vm;

import dev.banger.api.BangerException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The handles of all VMs, in memory, mirrored to files. The file is written before the cache changes, so that a daemon
 * killed in between knows at least as much from the file (P41). Thread-safe; the lock is a leaf.
 */
public final class HandleCache {
    private static final Logger LOG = LoggerFactory.getLogger(HandleCache.class);

    private final HandleFiles files;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, VmHandles> byId = new HashMap<>();

    public HandleCache(HandleFiles files) {
        this.files = files;
    }

    public Optional<VmHandles> get(String vmId) {
        lock.lock();
        try {
            return Optional.ofNullable(byId.get(vmId));
        } finally {
            lock.unlock();
        }
    }

    public void put(String vmId, Path directory, VmHandles handles) {
        lock.lock();
        try {
            files.write(directory, handles);
            byId.put(vmId, handles);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes up a VM that was found running. What was found decides, so the cache is filled even if the file, {@code mirrored}
     * when it was read, cannot be brought up to date: a VM nobody knows of could be started twice.
     */
    void seed(String vmId, Path directory, VmHandles handles, HandleFiles.Found mirrored) {
        lock.lock();
        try {
            byId.put(vmId, handles);
            if (!mirrored.equals(new HandleFiles.Found.Handles(handles))) {
                files.write(directory, handles);
            }
        } catch (BangerException e) {
            LOG.warn("The handles of VM {} cannot be written", vmId, e);
        } finally {
            lock.unlock();
        }
    }

    public void remove(String vmId, Path directory) {
        lock.lock();
        try {
            files.delete(directory);
            byId.remove(vmId);
        } finally {
            lock.unlock();
        }
    }
}
