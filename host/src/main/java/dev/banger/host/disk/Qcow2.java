package dev.banger.host.disk;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The little of the qcow2 format that banger writes and reads itself: an empty version 3 image above a raw backing file
 * (QEMU, docs/interop/qcow2.rst). All numbers are big-endian. A file it makes has four clusters and a bit: header,
 * refcount table, one refcount block, the L1 table; everything else is read from the backing file until it is written.
 */
final class Qcow2 {
    private static final int MAGIC = 0x514649fb;
    private static final int CLUSTER_BITS = 16;
    private static final int CLUSTER = 1 << CLUSTER_BITS;
    private static final int HEADER_LENGTH = 104;
    /** 2^4 = 16 bits for each refcount, which is QEMU's default. */
    private static final int REFCOUNT_ORDER = 4;

    private static final int BACKING_FORMAT = 0xe2792aca;
    /** Behind the header, its one extension and the mark of their end. */
    private static final int NAME_OFFSET = HEADER_LENGTH + 8 + 8 + 8;

    private static final int LONGEST_NAME = 1023;
    private static final int SIZE_OFFSET = 24;

    private Qcow2() {}

    /**
     * Writes an overlay of {@code bytes} on {@code backing}, which is named by its absolute path.
     *
     * @param format of {@code backing}: {@code raw} or {@code qcow2}
     */
    static void writeOverlay(Path file, Path backing, String format, long bytes) throws IOException {
        byte[] name = name(backing);
        // An L1 entry stands for an L2 table of one cluster of 8-byte entries, each of which stands for a cluster.
        long perL1Entry = (long) CLUSTER * (CLUSTER / 8);
        int l1Entries = Math.toIntExact((bytes + perL1Entry - 1) / perL1Entry);
        int l1Clusters = Math.max(1, (l1Entries * 8 + CLUSTER - 1) / CLUSTER);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeFully(channel, header(name, format, bytes, l1Entries), 0);
            writeFully(channel, ByteBuffer.allocate(8).putLong(0, 2L * CLUSTER), CLUSTER);
            ByteBuffer refcounts = ByteBuffer.allocate((3 + l1Clusters) * 2);
            for (int i = 0; i < 3 + l1Clusters; i++) {
                refcounts.putShort(i * 2, (short) 1);
            }
            writeFully(channel, refcounts, 2L * CLUSTER);
            // The L1 table is all zeros: nothing is allocated. Its last byte gives the file its length.
            writeFully(channel, ByteBuffer.allocate(1), (3L + l1Clusters) * CLUSTER - 1);
        }
    }

    private static byte[] name(Path backing) {
        byte[] name = backing.toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > LONGEST_NAME) {
            throw BangerException.invalid(
                    "the path " + backing + " is longer than qcow2 can name (" + LONGEST_NAME + ")");
        }
        return name;
    }

    /** Names another backing file of the same format and content in an overlay that {@link #writeOverlay} made. */
    static void rebase(Path file, Path backing) throws IOException {
        virtualBytes(file); // fails for what is no qcow2 file
        byte[] name = name(backing);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            writeFully(channel, ByteBuffer.wrap(name), NAME_OFFSET);
            ByteBuffer place = ByteBuffer.allocate(12).putLong(NAME_OFFSET).putInt(name.length);
            writeFully(channel, place.flip(), 8);
        }
    }

    private static ByteBuffer header(byte[] backingName, String format, long bytes, int l1Entries) {
        byte[] formatName = format.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer header = ByteBuffer.allocate(NAME_OFFSET + backingName.length);
        header.putInt(MAGIC).putInt(3);
        header.putLong(NAME_OFFSET).putInt(backingName.length);
        header.putInt(CLUSTER_BITS).putLong(bytes);
        header.putInt(0); // not encrypted
        header.putInt(l1Entries).putLong(3L * CLUSTER);
        header.putLong(CLUSTER).putInt(1); // the refcount table and its clusters
        header.putInt(0).putLong(0); // no snapshots
        header.putLong(0).putLong(0).putLong(0); // no incompatible, compatible, autoclear features
        header.putInt(REFCOUNT_ORDER).putInt(HEADER_LENGTH);
        // With the format written down nobody probes the backing file, whose bytes a guest may have chosen.
        header.putInt(BACKING_FORMAT).putInt(formatName.length).put(formatName).position(HEADER_LENGTH + 16);
        header.putInt(0).putInt(0); // the end of the header's extensions
        header.put(backingName);
        return header.flip();
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes, long at) throws IOException {
        long position = at;
        while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
        }
    }

    /** The size the guest sees. */
    static long virtualBytes(Path file) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER_LENGTH);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (header.hasRemaining() && channel.read(header, header.position()) > 0) {
                continue;
            }
        }
        if (header.hasRemaining() || header.getInt(0) != MAGIC) {
            throw new BangerException(
                    ErrorCode.DATA_CORRUPT, file + " is not a qcow2 file; it was damaged or replaced");
        }
        return header.getLong(SIZE_OFFSET);
    }

    /**
     * Whether the file is one that was just being made when the host lost power. Nothing a guest was promised to be on the
     * disk can be in it: the guest's first flush would have written the header, too.
     */
    static boolean neverReachedTheDisk(Path file) throws IOException {
        long size = Files.size(file);
        if (size > 5L * CLUSTER) {
            return false;
        }
        for (byte each : Files.readAllBytes(file)) {
            if (each != 0) {
                return false;
            }
        }
        return true;
    }
}
