package dev.banger.host.linux;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

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
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null) {
            throw new IllegalArgumentException(file + " has no directory");
        }
        Path unfinished = directory.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            Files.createDirectories(directory);
            content.writeTo(unfinished);
            // A rename alone may survive a power cut that the bytes do not.
            sync(unfinished);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            sync(directory);
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
