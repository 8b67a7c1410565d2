package dev.banger.host.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;

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

    /** A file's CRC-32 over the same bytes: no protection from anybody, but it takes a hundredth of the time. */
    public record Checksum(long crc32, long dataBytes) {}

    public static Checksum checksum(Path file) throws IOException {
        CRC32 crc = new CRC32();
        ByteBuffer offset = ByteBuffer.allocateDirect(8);
        long data = blocks(file, (at, block) -> {
            crc.update(offset.clear().putLong(at).flip());
            crc.update(block);
        });
        return new Checksum(crc.getValue(), data);
    }

    public static Digest of(Path file) throws IOException {
        MessageDigest digest = Sha256.begin();
        digest.update(ByteBuffer.allocate(8).putLong(Files.size(file)).flip());
        long data = blocks(file, (at, block) -> {
            digest.update(ByteBuffer.allocate(8).putLong(at).flip());
            digest.update(block);
        });
        return new Digest(HexFormat.of().formatHex(digest.digest()), data);
    }

    /** How much of a file is no hole, without reading it. */
    public static long dataBytes(Path file) throws IOException {
        long[] bytes = new long[1];
        Extents.of(file, (start, end) -> bytes[0] += end - start);
        return bytes[0];
    }

    private interface Blocks {
        void block(long at, ByteBuffer bytes);
    }

    /** Hands over each block that is not all zeros. @return their bytes together */
    private static long blocks(Path file, Blocks blocks) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer block = ByteBuffer.allocate(BLOCK);
            long[] at = new long[1];
            long[] data = new long[1];
            Extents.of(file, (start, end) -> {
                for (at[0] = Math.max(at[0], start / BLOCK * BLOCK); at[0] < end; at[0] += BLOCK) {
                    block.clear();
                    while (block.hasRemaining() && channel.read(block, at[0] + block.position()) > 0) {}
                    int length = block.flip().remaining();
                    if (Arrays.mismatch(block.array(), 0, length, ZEROS, 0, length) >= 0) {
                        blocks.block(at[0], block);
                        data[0] += length;
                    }
                }
            });
            return data[0];
        }
    }
}
