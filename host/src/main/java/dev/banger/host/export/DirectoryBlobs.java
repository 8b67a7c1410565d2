package dev.banger.host.export;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files in a directory of this host. */
record DirectoryBlobs(Path directory) implements Blobs {
    @Override
    public byte[] document(String name, int most) throws IOException {
        Path file = file(name);
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(most + 1);
            if (bytes.length > most) {
                throw Blobs.tooLong(name, most);
            }
            return bytes;
        }
    }

    @Override
    public void read(String digest, ByteBuffer into) throws IOException {
        try (FileChannel file = FileChannel.open(file(DIRECTORY + digest), StandardOpenOption.READ)) {
            if (file.size() != into.remaining()) {
                throw Blobs.otherLength(digest);
            }
            while (into.hasRemaining()) {
                if (file.read(into) < 0) {
                    throw Blobs.otherLength(digest);
                }
            }
        }
    }

    /** Only a regular file: a FIFO or device would be read for ever. */
    private Path file(String name) {
        Path file = directory.resolve(name);
        if (!Files.isRegularFile(file)) {
            throw Blobs.missing(name);
        }
        return file;
    }

    @Override
    public void close() {
        // Each file is open only while it is read.
    }
}
