package dev.banger.testkit;

import dev.banger.vm.HandleFiles;
import dev.banger.vm.VmHandles;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** {@code handles.json} files in memory; one can be made unreadable. */
public final class MemoryHandleFiles implements HandleFiles {
    private final Map<Path, VmHandles> files = new HashMap<>();
    private final Set<Path> corrupt = new HashSet<>();

    /** The next read finds garbage. */
    public synchronized void corrupt(Path directory) {
        corrupt.add(directory);
    }

    @Override
    public synchronized Found read(Path directory) {
        if (corrupt.remove(directory)) {
            files.remove(directory);
            return new Found.Corrupt(directory.resolve("handles.json.corrupt"));
        }
        VmHandles handles = files.get(directory);
        return handles == null ? new Found.Missing() : new Found.Handles(handles);
    }

    @Override
    public synchronized void write(Path directory, VmHandles handles) {
        files.put(directory, handles);
    }

    @Override
    public synchronized void delete(Path directory) {
        files.remove(directory);
    }

    public synchronized boolean isEmpty() {
        return files.isEmpty();
    }
}
