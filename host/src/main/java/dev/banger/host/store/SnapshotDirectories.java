package dev.banger.host.store;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.SparseDigest;
import dev.banger.operation.FileTree;
import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import dev.banger.snapshot.Snapshot.FileFact;
import dev.banger.snapshot.SnapshotStore;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saved machines, a directory each: {@code ROOT/ID} with {@code snapshot.json} beside its files, {@code ROOT/making/ID} while
 * it is being made, {@code ROOT/broken} the last one that was found damaged. Thread-safe.
 */
public final class SnapshotDirectories implements SnapshotStore {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotDirectories.class);
    private static final Pattern ID = Pattern.compile("[0-9a-f]{12,16}");
    private static final String FACTS = "snapshot.json";
    private static final Set<String> KEPT = Set.of(Snapshot.MEMORY, Snapshot.STATE);
    /** A checksum that was not made, or not yet. */
    private static final long NO_CHECKSUM = -1;

    private final Path root;
    private final Path making;
    private final Path broken;
    /** How a file's inode looked when its content was last checked. */
    private final Map<Path, Look> checked = new ConcurrentHashMap<>();

    private record Look(String inode, String changed, long bytes) {}

    /** {@code root} is made when it is first needed. */
    public SnapshotDirectories(Path root) {
        this.root = root;
        making = root.resolve("making");
        broken = root.resolve("broken");
    }

    @Override
    public Path making() {
        try {
            Files.createDirectories(making);
            return making.toRealPath();
        } catch (IOException e) {
            throw failed("make " + making, e);
        }
    }

    @Override
    public Path place(String id) {
        check(id);
        return root.resolve(id);
    }

    @Override
    public Path begin(String id) {
        check(id);
        try {
            return Files.createDirectory(
                    making().resolve(id),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw failed("make a directory in " + making, e);
        }
    }

    @Override
    public Snapshot publish(String id, MachineKey key, Snapshot.@Nullable Origin origin, Path unfinished) {
        check(id);
        Path directory = root.resolve(id);
        try {
            Map<String, FileFact> files = new HashMap<>();
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(unfinished)) {
                for (Path entry : entries) {
                    String name = entry.getFileName().toString();
                    if (KEPT.contains(name) || Snapshot.isDisk(name)) {
                        files.put(name, fact(entry, origin));
                    } else {
                        deleteTree(entry);
                    }
                }
            }
            SnapshotFacts facts = new SnapshotFacts(id, key, Instant.now(), origin, files);
            DurableFiles.write(unfinished.resolve(FACTS), StoredJson.SNAPSHOT.toJsonPretty(facts));
            DurableFiles.syncTree(unfinished);
            if (Files.isDirectory(directory)) {
                deleteTree(directory); // an older one of the same key, or a broken one
            }
            DurableFiles.rename(unfinished, directory);
            Snapshot snapshot = snapshot(facts, directory);
            for (String name : files.keySet()) {
                checked.put(snapshot.file(name), look(snapshot.file(name)));
            }
            return snapshot;
        } catch (IOException e) {
            throw failed("publish " + directory, e);
        }
    }

    @Override
    public Snapshot seal(Snapshot snapshot) {
        Map<String, FileFact> files = new HashMap<>(snapshot.files());
        try {
            for (Map.Entry<String, FileFact> entry : files.entrySet()) {
                if (entry.getValue().crc32() == NO_CHECKSUM) {
                    Path file = snapshot.file(entry.getKey());
                    Look before = look(file);
                    entry.setValue(checksum(file));
                    checked.put(file, before);
                }
            }
            SnapshotFacts facts =
                    new SnapshotFacts(snapshot.id(), snapshot.key(), snapshot.createdAt(), snapshot.origin(), files);
            DurableFiles.write(snapshot.file(FACTS), StoredJson.SNAPSHOT.toJsonPretty(facts));
            return snapshot(facts, snapshot.directory());
        } catch (IOException e) {
            throw failed("take the checksums of " + snapshot.directory(), e);
        }
    }

    @Override
    public void discard(Path unfinished) {
        if (!making().equals(unfinished.getParent())) {
            throw new IllegalArgumentException(unfinished + " is not in " + making);
        }
        try {
            deleteTree(unfinished);
        } catch (IOException e) {
            throw failed("remove " + unfinished, e);
        }
    }

    private static FileFact fact(Path file, Snapshot.@Nullable Origin origin) throws IOException {
        if (origin != null && Snapshot.isDisk(file.getFileName().toString())) {
            return new FileFact(Files.size(file), SparseDigest.dataBytes(file), NO_CHECKSUM);
        }
        return checksum(file);
    }

    private static FileFact checksum(Path file) throws IOException {
        SparseDigest.Checksum checksum = SparseDigest.checksum(file);
        return new FileFact(Files.size(file), checksum.dataBytes(), checksum.crc32());
    }

    private static Snapshot snapshot(SnapshotFacts facts, Path directory) {
        return new Snapshot(
                facts.id(), facts.key(), facts.createdAt(), facts.origin(), Map.copyOf(facts.files()), directory);
    }

    @Override
    public Optional<Snapshot> find(String id) {
        return ID.matcher(id).matches() ? read(root.resolve(id)) : Optional.empty();
    }

    @Override
    public List<Snapshot> all() {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        List<Snapshot> all = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root)) {
            for (Path entry : entries) {
                if (ID.matcher(entry.getFileName().toString()).matches()) {
                    read(entry).ifPresent(all::add);
                }
            }
        } catch (IOException e) {
            throw failed("list " + root, e);
        }
        all.sort(Comparator.comparing(Snapshot::createdAt).thenComparing(Snapshot::id));
        return all;
    }

    private static Optional<Snapshot> read(Path directory) {
        try {
            return Optional.of(
                    snapshot(StoredJson.SNAPSHOT.fromJson(Files.readString(directory.resolve(FACTS))), directory));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | RuntimeException e) { // the parser throws what it likes on garbage
            LOG.warn("Ignoring {}, whose {} cannot be read", directory, FACTS, e);
            return Optional.empty();
        }
    }

    @Override
    public Optional<String> fault(Snapshot snapshot) {
        for (Map.Entry<String, FileFact> entry : snapshot.files().entrySet()) {
            Path file = snapshot.file(entry.getKey());
            FileFact fact = entry.getValue();
            try {
                Look look = look(file);
                if (look.equals(checked.get(file))) {
                    continue;
                }
                if (look.bytes() != fact.bytes()) {
                    return Optional.of(entry.getKey() + " has " + look.bytes() + " bytes and not " + fact.bytes());
                }
                if (fact.crc32() != NO_CHECKSUM && SparseDigest.checksum(file).crc32() != fact.crc32()) {
                    return Optional.of(entry.getKey() + " is not what it was: its checksum differs");
                }
                checked.put(file, look);
            } catch (NoSuchFileException e) {
                return Optional.of(entry.getKey() + " is missing");
            } catch (IOException e) {
                return Optional.of(entry.getKey() + " cannot be read: " + e.getMessage());
            }
        }
        return Optional.empty();
    }

    /** Whoever writes to a file changes the time of its inode, which he cannot set back. */
    private static Look look(Path file) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(file, "unix:ino,ctime");
        return new Look(
                String.valueOf(attributes.get("ino")), String.valueOf(attributes.get("ctime")), Files.size(file));
    }

    @Override
    public synchronized void setAside(Snapshot snapshot) {
        if (Files.notExists(snapshot.directory())) {
            return; // by another VM that was restored from it
        }
        try {
            deleteTree(broken);
            Files.move(snapshot.directory(), broken);
        } catch (IOException e) {
            throw failed("move " + snapshot.directory() + " out of the way", e);
        }
    }

    @Override
    public Snapshot keepOnlyDisks(Snapshot snapshot) {
        Map<String, FileFact> files = new HashMap<>(snapshot.files());
        files.remove(Snapshot.MEMORY);
        files.remove(Snapshot.STATE);
        Snapshot.Origin origin = snapshot.origin();
        SnapshotFacts facts = new SnapshotFacts(
                snapshot.id(), snapshot.key(), snapshot.createdAt(), origin == null ? null : origin.unnamed(), files);
        try {
            DurableFiles.write(snapshot.file(FACTS), StoredJson.SNAPSHOT.toJsonPretty(facts));
            Files.deleteIfExists(snapshot.file(Snapshot.MEMORY));
            Files.deleteIfExists(snapshot.file(Snapshot.STATE));
            return snapshot(facts, snapshot.directory());
        } catch (IOException e) {
            throw failed("drop the memory of " + snapshot.directory(), e);
        }
    }

    @Override
    public void delete(Snapshot snapshot) {
        try {
            deleteTree(snapshot.directory());
        } catch (IOException e) {
            throw failed("delete " + snapshot.directory(), e);
        }
    }

    @Override
    public void clear() {
        try {
            deleteTree(making);
        } catch (IOException e) {
            LOG.warn("Cannot remove {}", making, e);
        }
    }

    private static void check(String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("\"" + id + "\" is no id of a snapshot");
        }
    }

    /** Facts go first: a tree that is half deleted is none. */
    private static void deleteTree(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (Files.isDirectory(tree, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(tree.resolve(FACTS));
        }
        FileTree.delete(tree);
    }

    private BangerException failed(String what, IOException cause) {
        if (cause instanceof NoSuchFileException) {
            return new BangerException(ErrorCode.NOT_FOUND, "cannot " + what + ": " + cause.getMessage(), cause);
        }
        return DiskFailure.of("cannot " + what, root, cause);
    }
}
