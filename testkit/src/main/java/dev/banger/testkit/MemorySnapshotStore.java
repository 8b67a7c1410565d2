package dev.banger.testkit;

import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import dev.banger.snapshot.Snapshot.FileFact;
import dev.banger.snapshot.SnapshotStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Saved machines whose facts are in memory; their files are real. It outlives services as a disk outlives daemons. Thread-safe. */
public final class MemorySnapshotStore implements SnapshotStore {
    private final Path root;
    private final Map<String, Snapshot> byId = new LinkedHashMap<>();
    private final Map<String, String> faults = new HashMap<>();
    private final List<String> setAside = new ArrayList<>();

    public MemorySnapshotStore(Path root) {
        this.root = root;
    }

    /** From now on this one is broken. */
    public synchronized void damage(String id, String why) {
        faults.put(id, why);
    }

    public synchronized List<String> setAside() {
        return List.copyOf(setAside);
    }

    @Override
    public Path making() {
        return made(root.resolve("making"));
    }

    private static Path made(Path directory) {
        try {
            return Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Path place(String id) {
        return root.resolve(id);
    }

    @Override
    public Path begin(String id) {
        return made(making().resolve(id));
    }

    @Override
    public synchronized Snapshot publish(String id, MachineKey key, Snapshot.@Nullable Origin origin, Path unfinished) {
        Path directory = root.resolve(id);
        try {
            deleteTree(directory);
            Files.move(unfinished, directory);
            Map<String, FileFact> files = new HashMap<>();
            try (Stream<Path> entries = Files.list(directory)) {
                entries.map(entry -> entry.getFileName().toString())
                        .filter(name -> Snapshot.isDisk(name)
                                || List.of(Snapshot.MEMORY, Snapshot.STATE).contains(name))
                        .forEach(name -> files.put(name, new FileFact(1, 1, 0)));
            }
            Snapshot snapshot = new Snapshot(id, key, Instant.now(), origin, Map.copyOf(files), directory);
            byId.put(id, snapshot);
            return snapshot;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Snapshot seal(Snapshot snapshot) {
        return snapshot;
    }

    @Override
    public void discard(Path unfinished) {
        deleteTree(unfinished);
    }

    @Override
    public synchronized Optional<Snapshot> find(String id) {
        return Optional.ofNullable(byId.get(id));
    }

    @Override
    public synchronized List<Snapshot> all() {
        return List.copyOf(byId.values());
    }

    @Override
    public synchronized Optional<String> fault(Snapshot snapshot) {
        return Optional.ofNullable(faults.get(snapshot.id()));
    }

    @Override
    public synchronized void setAside(Snapshot snapshot) {
        setAside.add(snapshot.id());
        faults.remove(snapshot.id());
        delete(snapshot);
    }

    @Override
    public synchronized Snapshot keepOnlyDisks(Snapshot snapshot) {
        Map<String, FileFact> files = new HashMap<>(snapshot.files());
        files.remove(Snapshot.MEMORY);
        files.remove(Snapshot.STATE);
        Snapshot.Origin origin = snapshot.origin();
        Snapshot kept = new Snapshot(
                snapshot.id(),
                snapshot.key(),
                snapshot.createdAt(),
                origin == null ? null : origin.unnamed(),
                Map.copyOf(files),
                snapshot.directory());
        byId.put(snapshot.id(), kept);
        return kept;
    }

    @Override
    public synchronized void delete(Snapshot snapshot) {
        byId.remove(snapshot.id());
        deleteTree(snapshot.directory());
    }

    @Override
    public void clear() {
        deleteTree(root.resolve("making"));
    }

    private static void deleteTree(Path tree) {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> entries = Files.walk(tree)) {
            for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(entry);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
