package dev.banger.testkit;

import dev.banger.operation.Lack;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.WorkDisks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Work disks that are empty files. Thread-safe. */
public final class FakeWorkDisks implements WorkDisks {
    private final List<Long> grown = new ArrayList<>();

    @Override
    public List<Lack> lacks(Path file, long bytes) {
        return List.of();
    }

    @Override
    public Disk prepare(Path file, long bytes) {
        try {
            if (Files.notExists(file)) {
                Files.createFile(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Disk(file, file.toString().endsWith(".qcow2") ? "qcow2" : "raw", "work", false);
    }

    @Override
    public synchronized void grow(Path file, long bytes) {
        grown.add(bytes);
    }

    /** To what disks of VMs that did not run have grown. */
    public synchronized List<Long> grown() {
        return List.copyOf(grown);
    }
}
