package dev.banger.host.export;

import dev.banger.host.linux.DiskFailure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.UUID;

/** A directory of its own. It is made beside its place and renamed; an empty one that is there may as well not be. */
record DirectoryTarget(Path directory, boolean replace) implements ExportTarget {
    @Override
    public ExportWriter.Written write(Writing writing) {
        Path parent = Objects.requireNonNullElse(directory.getParent(), directory);
        Path unfinished = parent.resolve("." + directory.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            if (isTaken()) {
                throw ExportTarget.taken(directory);
            }
            Files.createDirectories(unfinished);
            DirectorySink sink = new DirectorySink(unfinished, false);
            ExportWriter.Written written = writing.to(sink);
            Files.write(
                    unfinished.resolve(Blobs.MANIFEST),
                    written.json(),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.SYNC);
            sink.sync();
            put(unfinished);
            try (FileChannel changed = FileChannel.open(parent, StandardOpenOption.READ)) {
                changed.force(true);
            }
            return written;
        } catch (IOException e) {
            throw DiskFailure.of("cannot write " + directory, directory, e);
        } finally {
            remove(unfinished);
        }
    }

    private boolean isTaken() throws IOException {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return true;
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            return entries.iterator().hasNext() && !(replace && Files.isRegularFile(directory.resolve(Blobs.MANIFEST)));
        }
    }

    private void put(Path unfinished) throws IOException {
        if (!Files.exists(directory)) {
            Files.move(unfinished, directory, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        Path old = unfinished.resolveSibling(unfinished.getFileName() + ".old");
        Files.move(directory, old, StandardCopyOption.ATOMIC_MOVE);
        Files.move(unfinished, directory, StandardCopyOption.ATOMIC_MOVE);
        remove(old);
    }

    /** What an export has, and nothing else: what somebody put beside it stays, and so does the directory then. */
    private static void remove(Path export) {
        Path blobs = export.resolve(Blobs.DIRECTORY);
        try {
            if (Files.isDirectory(blobs, LinkOption.NOFOLLOW_LINKS)) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(blobs)) {
                    for (Path file : files) {
                        Files.delete(file);
                    }
                }
                Files.delete(blobs);
            }
            Files.deleteIfExists(export.resolve(Blobs.MANIFEST));
            Files.deleteIfExists(export);
        } catch (IOException e) {
            throw DiskFailure.of("cannot remove " + export, export, e);
        }
    }
}
