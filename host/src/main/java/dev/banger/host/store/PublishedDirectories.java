package dev.banger.host.store;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.RootTree;
import dev.banger.host.linux.UserNamespace;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Directories that appear whole: {@code NAME@DIGEST} holds one build with a file of facts, the link {@code NAME} points to
 * the build a name stands for. Both appear by rename. Thread-safe.
 */
final class PublishedDirectories {
    private static final Logger LOG = LoggerFactory.getLogger(PublishedDirectories.class);
    private static final int DIGEST_CHARS = 16;

    private final Path root;
    private final Path staging;
    private final String factsFile;

    /** {@code staging} is on the same file system as {@code root}; both are made if they are not there. */
    PublishedDirectories(Path root, Path staging, String factsFile) {
        this.root = root;
        this.staging = staging;
        this.factsFile = factsFile;
    }

    /** A directory with what is known of it. */
    record Published(Path directory, PublishedFacts facts) {}

    Optional<Published> find(String name) {
        Path link = root.resolve(name);
        return Files.isSymbolicLink(link) ? read(resolve(link)) : Optional.empty();
    }

    Optional<Published> find(String name, String digest) {
        return read(build(name, digest));
    }

    /** What the names stand for, by name. */
    List<Published> named() {
        return entries(true);
    }

    /** Builds that no name stands for. */
    synchronized List<Published> superseded() {
        List<Path> current = named().stream().map(Published::directory).toList();
        return entries(false).stream()
                .filter(published -> !current.contains(published.directory()))
                .toList();
    }

    private List<Published> entries(boolean links) {
        List<Published> found = new ArrayList<>();
        if (!Files.isDirectory(root)) {
            return found;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root)) {
            for (Path entry : entries) {
                boolean isLink = Files.isSymbolicLink(entry);
                if (isLink == links && Files.isDirectory(entry)) {
                    read(isLink ? resolve(entry) : entry).ifPresent(found::add);
                }
            }
        } catch (IOException e) {
            throw failed("list " + root, e);
        }
        found.sort(Comparator.comparing(published -> published.facts().name()));
        return found;
    }

    private Optional<Published> read(Path directory) {
        Path file = directory.resolve(factsFile);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Published(directory, StoredJson.FACTS.fromJson(Files.readString(file))));
        } catch (IOException | RuntimeException e) { // the parser throws what it likes on garbage
            LOG.warn("Ignoring {}, which cannot be read", file, e);
            return Optional.empty();
        }
    }

    Path stage() {
        try {
            Files.createDirectories(root);
            Files.createDirectories(staging);
            return Files.createDirectory(staging.resolve(UUID.randomUUID().toString()));
        } catch (IOException e) {
            throw failed("make a directory in " + staging, e);
        }
    }

    /** Publishes a staged directory; the same build once more replaces nothing. */
    synchronized Published publish(Path staged, PublishedFacts facts) {
        Path target = build(facts.name(), facts.digest());
        try {
            Files.writeString(staged.resolve(factsFile), StoredJson.FACTS.toJsonPretty(facts));
            DurableFiles.syncTree(staged);
            if (!Files.isDirectory(target)) {
                DurableFiles.rename(staged, target);
            }
            Path link = root.resolve(facts.name());
            Path fresh = root.resolve("." + facts.name() + "." + UUID.randomUUID());
            Files.createSymbolicLink(fresh, target.getFileName());
            Files.move(fresh, link, StandardCopyOption.ATOMIC_MOVE);
            DurableFiles.syncDirectory(root);
            return new Published(target, facts);
        } catch (IOException e) {
            throw failed("publish " + target, e);
        }
    }

    /** Removes a build, and the name if it stands for it. */
    synchronized void delete(Published published) {
        Path link = root.resolve(published.facts().name());
        try {
            if (Files.isSymbolicLink(link) && resolve(link).equals(published.directory())) {
                Files.delete(link);
            }
            Path doomed = stage();
            // Renamed away first: nobody sees it half deleted.
            Files.move(published.directory(), doomed.resolve("deleted"), StandardCopyOption.ATOMIC_MOVE);
            discard(doomed);
        } catch (IOException e) {
            throw failed("delete " + published.directory(), e);
        }
    }

    /** Removes a staged directory. Idempotent. */
    void discard(Path staged) {
        if (!staging.equals(staged.getParent())) {
            throw new IllegalArgumentException(staged + " is not in " + staging);
        }
        deleteTree(staged);
    }

    /**
     * Removes what a killed daemon left unfinished, on a thread of its own. Called before anything is staged. What cannot be
     * removed now (a program of the predecessor may still write to it) is tried again at the next start.
     */
    static void clearStaging(Path staging, ProgramRunner programs, UserNamespace namespace) {
        if (!Files.isDirectory(staging)) {
            return;
        }
        List<Path> unfinished = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(staging)) {
            entries.forEach(unfinished::add);
        } catch (IOException | DirectoryIteratorException e) {
            LOG.warn("Cannot list {}", staging, e);
        }
        Thread.ofPlatform()
                .daemon()
                .name("clear-staging")
                .start(() -> unfinished.forEach(entry -> {
                    try {
                        LOG.info("Removing the unfinished {}", entry);
                        // Files of a half-built root may belong to subordinate users, whom this one can remove only in
                        // a namespace.
                        new RootTree(programs, namespace, entry).close();
                    } catch (BangerException e) {
                        LOG.warn("{} cannot be removed yet", entry, e);
                    }
                }));
    }

    private static void deleteTree(Path directory) {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e) throws IOException {
                    if (e != null) {
                        throw e;
                    }
                    Files.deleteIfExists(dir);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw failed("delete " + directory, e);
        }
    }

    private Path build(String name, String digest) {
        return root.resolve(name + "@" + digest.substring(0, Math.min(DIGEST_CHARS, digest.length())));
    }

    private Path resolve(Path link) {
        try {
            return root.resolve(Files.readSymbolicLink(link));
        } catch (IOException e) {
            return link; // it was replaced this very moment; the next look finds the new one
        }
    }

    private static BangerException failed(String what, IOException e) {
        String reason = String.valueOf(e.getMessage());
        ErrorCode code =
                reason.contains("No space left") ? ErrorCode.RESOURCE_EXHAUSTED : ErrorCode.HOST_COMMAND_FAILED;
        return new BangerException(code, "cannot " + what + ": " + e, e);
    }
}
