package dev.banger.host.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The SHA-256 of a sparse file without reading its holes: over its size and, for each block of 64 KiB that is not all zeros, its
 * offset and bytes. The same content gives the same digest however it is laid out.
 */
public final class SparseDigest {
    private static final int BLOCK = 64 * 1024;
    private static final byte[] ZEROS = new byte[BLOCK];

    private SparseDigest() {}

    /** A file's digest in hex, and how many bytes of it are in blocks that are not all zeros. */
    public record Digest(String hex, long dataBytes) {}

    public static Digest of(Path file) throws IOException {
        MessageDigest digest = sha256();
        int fd = open(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            digest.update(ByteBuffer.allocate(8).putLong(size).flip());
            ByteBuffer block = ByteBuffer.allocate(BLOCK);
            long at = 0;
            long data = 0;
            while (at < size) {
                Libc.Result next = Libc.lseek(fd, at, Libc.SEEK_DATA);
                if (next.failed()) {
                    break; // ENXIO: nothing but a hole up to the end
                }
                at = next.value() / BLOCK * BLOCK;
                Libc.Result hole = Libc.lseek(fd, next.value(), Libc.SEEK_HOLE);
                long end = hole.failed() ? size : hole.value();
                for (; at < end; at += BLOCK) {
                    block.clear();
                    while (block.hasRemaining() && channel.read(block, at + block.position()) > 0) {}
                    int length = block.flip().remaining();
                    if (Arrays.mismatch(block.array(), 0, length, ZEROS, 0, length) >= 0) {
                        digest.update(ByteBuffer.allocate(8).putLong(at).flip());
                        digest.update(block);
                        data += length;
                    }
                }
            }
            return new Digest(HexFormat.of().formatHex(digest.digest()), data);
        } finally {
            Libc.close(fd);
        }
    }

    private static int open(Path file) throws IOException {
        Libc.Result opened = Libc.open(file.toString(), Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            throw new IOException("cannot open " + file + " (errno " + opened.errno() + ")");
        }
        return (int) opened.value();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
