package dev.banger.host.export;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Writes blobs into a directory. Each appears whole, by rename; those that are there and have their digest stay, so that two builds of an
 * image share what is the same in both.
 */
final class DirectorySink implements Sink {
    private final Path blobs;
    private final boolean forAll;
    private final Queue<Path> written = new ConcurrentLinkedQueue<>();

    /** {@code forAll}: everybody may read what is written. */
    DirectorySink(Path directory, boolean forAll) throws IOException {
        this.blobs = directory.resolve(Blobs.DIRECTORY);
        this.forAll = forAll;
        Files.createDirectories(blobs);
        if (forAll) {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(blobs, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    @Override
    public boolean blob(String digest, ByteBuffer bytes) throws IOException {
        Path file = blobs.resolve(digest);
        if (isThere(file, digest, bytes.remaining())) {
            return false;
        }
        Path unfinished = blobs.resolve("." + digest + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel out =
                    FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
            }
            if (forAll) {
                Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rw-r--r--"));
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            written.add(file);
            return true;
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    private static boolean isThere(Path file, String digest, int bytes) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) != bytes) {
            return false;
        }
        return Hex256.of(Files.readAllBytes(file)).equals(digest);
    }

    /** Has what was written survive a power cut. */
    void sync() throws IOException {
        for (Path file : written) {
            sync(file);
        }
        sync(blobs);
    }

    private static void sync(Path fileOrDirectory) throws IOException {
        try (FileChannel channel = FileChannel.open(fileOrDirectory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
