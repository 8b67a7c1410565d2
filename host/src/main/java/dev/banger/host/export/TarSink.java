package dev.banger.host.export;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Writes an export as one file, which {@link TarBlobs} reads; tar(1) unpacks it to the directory it could have been. */
final class TarSink implements Sink, AutoCloseable {
    private static final int BLOCK = 512;
    private static final int END = 2 * BLOCK;

    private final FileChannel file;
    private final Set<String> written = new HashSet<>();

    TarSink(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    @Override
    public synchronized boolean blob(String digest, ByteBuffer bytes) throws IOException {
        if (!written.add(digest)) {
            return false;
        }
        member(Blobs.DIRECTORY + digest, bytes);
        return true;
    }

    /** Writes the manifest and ends the file. */
    synchronized void finish(byte[] manifest) throws IOException {
        member(Blobs.MANIFEST, ByteBuffer.wrap(manifest));
        write(ByteBuffer.allocate(END));
    }

    private void member(String name, ByteBuffer bytes) throws IOException {
        int length = bytes.remaining();
        write(ByteBuffer.wrap(header(name, length)));
        write(bytes);
        write(ByteBuffer.allocate((BLOCK - length % BLOCK) % BLOCK));
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    private static byte[] header(String name, int length) {
        byte[] header = new byte[BLOCK];
        put(header, 0, name);
        put(header, 100, "0000644");
        put(header, 108, "0000000");
        put(header, 116, "0000000");
        put(header, 124, String.format(Locale.ROOT, "%011o", length));
        put(header, 136, "00000000000");
        Arrays.fill(header, 148, 156, (byte) ' ');
        header[156] = '0';
        put(header, 257, "ustar\00000");
        int sum = 0;
        for (byte each : header) {
            sum += each & 0xFF;
        }
        put(header, 148, String.format(Locale.ROOT, "%06o\0", sum));
        return header;
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
