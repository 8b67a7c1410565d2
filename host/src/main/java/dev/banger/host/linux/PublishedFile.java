package dev.banger.host.linux;

import dev.banger.operation.Uninterrupted;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A file that appears whole or not at all: it is written under another name in the same directory and renamed (P16,
 * P28, P31). Of two writers at once the later rename wins, with a file as whole as the other.
 */
public final class PublishedFile {
    private PublishedFile() {}

    /** Writes the file; must leave a regular file at the path it is given. */
    @FunctionalInterface
    public interface Content {
        void writeTo(Path unfinished) throws IOException;
    }

    /**
     * @throws dev.banger.api.BangerException RESOURCE_EXHAUSTED when the disk is full, whatever {@code content} throws;
     *     nothing half-made is left
     */
    public static void publish(Path file, Content content) {
        write(file, content, true);
    }

    /**
     * The same, but a loss of power may take the file, or what is in it, until {@link #flush} has returned: for who has something
     * better to do meanwhile.
     */
    public static void publishUnflushed(Path file, Content content) {
        write(file, content, false);
    }

    /** Writes out files that were published, and their names. Returns when a loss of power does not take them any more. */
    public static void flush(List<Path> files) {
        Set<Path> directories = files.stream().map(PublishedFile::directoryOf).collect(Collectors.toSet());
        // All at once: what a journal has of them is then written out by one commit.
        Uninterrupted.all(Stream.concat(files.stream(), directories.stream())
                .<Runnable>map(each -> () -> {
                    try {
                        sync(each);
                    } catch (IOException e) {
                        throw DiskFailure.of("cannot write " + each, each, e);
                    }
                })
                .toList());
    }

    private static Path directoryOf(Path file) {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null) {
            throw new IllegalArgumentException(file + " has no directory");
        }
        return directory;
    }

    private static void write(Path file, Content content, boolean flushed) {
        Path directory = directoryOf(file);
        Path unfinished = directory.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            Files.createDirectories(directory);
            content.writeTo(unfinished);
            if (flushed) {
                sync(unfinished); // a rename alone may survive a power cut that the bytes do not
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            if (flushed) {
                sync(directory);
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot write " + file, file, e);
        } finally {
            remove(unfinished);
        }
    }

    private static void sync(Path fileOrDirectory) throws IOException {
        try (FileChannel channel = FileChannel.open(fileOrDirectory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void remove(Path unfinished) {
        try {
            Files.deleteIfExists(unfinished);
        } catch (IOException e) {
            throw DiskFailure.of("cannot remove " + unfinished, unfinished, e);
        }
    }
}
