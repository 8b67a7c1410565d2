package dev.banger.host.linux.ext4;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

/**
 * Superblock and group descriptors of a file system that {@link dev.banger.host.linux.Ext4} made, at the offsets that the
 * kernel's Documentation/filesystems/ext4 gives. Features that it does not make are refused.
 */
final class Geometry {
    static final int BLOCK = 4096;
    static final int INODE = 256;
    static final int BLOCK_UNINIT = 0x2;
    static final int INODE_UNINIT = 0x1;
    private static final int SUPERBLOCK_AT = 1024;
    private static final int INCOMPAT = 0x2 | 0x40 | 0x80 | 0x200; // filetype, extents, 64bit, flex_bg
    private static final int METADATA_CSUM = 0x400;

    private final ByteBuffer superblock;
    private final ByteBuffer descriptors;
    final long blocks;
    final int blocksPerGroup;
    final int inodesPerGroup;
    final int inodes;
    final int groups;
    final int descriptorBytes;
    private final int reservedDescriptorBlocks;
    private final byte[] uuid = new byte[16];

    private Geometry(FileChannel channel) throws IOException {
        superblock = read(channel, SUPERBLOCK_AT, 1024);
        int incompat = superblock.getInt(0x60);
        if ((superblock.getShort(0x38) & 0xFFFF) != 0xEF53
                || superblock.getInt(0x18) != 2
                || superblock.getShort(0x58) != INODE
                || incompat != INCOMPAT
                || (superblock.getInt(0x64) & METADATA_CSUM) == 0) {
            throw new IOException(
                    "no ext4 file system as banger makes them: incompatible features " + Integer.toHexString(incompat));
        }
        blocks = Integer.toUnsignedLong(superblock.getInt(4)) | (long) superblock.getInt(0x150) << 32;
        blocksPerGroup = superblock.getInt(0x20);
        inodesPerGroup = superblock.getInt(0x28);
        inodes = superblock.getInt(0);
        descriptorBytes = superblock.getShort(0xFE);
        reservedDescriptorBlocks = superblock.getShort(0xCE) & 0xFFFF;
        superblock.get(0x68, uuid);
        groups = Math.toIntExact((blocks + blocksPerGroup - 1) / blocksPerGroup);
        descriptors = read(channel, BLOCK, groups * descriptorBytes);
        if (blocks > 1L << 31) {
            throw new IOException("larger than what banger fills");
        }
    }

    static Geometry of(FileChannel channel) throws IOException {
        return new Geometry(channel);
    }

    static ByteBuffer read(FileChannel channel, long at, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, at + buffer.position()) < 0) {
                throw new EOFException("the file system is shorter than it says");
            }
        }
        return buffer.flip();
    }

    static void write(FileChannel channel, long at, ByteBuffer bytes) throws IOException {
        long position = at;
        while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
        }
    }

    long blockBitmap(int group) {
        return wide(group, 0x00, 0x20);
    }

    long inodeBitmap(int group) {
        return wide(group, 0x04, 0x24);
    }

    long inodeTable(int group) {
        return wide(group, 0x08, 0x28);
    }

    int inodeTableBlocks() {
        return inodesPerGroup * INODE / BLOCK;
    }

    boolean hasFlag(int group, int flag) {
        return (descriptors.getShort(group * descriptorBytes + 0x12) & flag) != 0;
    }

    int blocksIn(int group) {
        return (int) Math.min(blocksPerGroup, blocks - (long) group * blocksPerGroup);
    }

    /** Blocks at the start of a group that hold copies of superblock and descriptors (sparse_super). */
    int copies(int group) {
        if (group > 1 && !isPower(group, 3) && !isPower(group, 5) && !isPower(group, 7)) {
            return 0;
        }
        return 1 + (groups * descriptorBytes + BLOCK - 1) / BLOCK + reservedDescriptorBlocks;
    }

    private static boolean isPower(int number, int base) {
        int rest = number;
        while (rest % base == 0) {
            rest /= base;
        }
        return rest == 1;
    }

    private long wide(int group, int low, int high) {
        int at = group * descriptorBytes;
        return Integer.toUnsignedLong(descriptors.getInt(at + low)) | (long) descriptors.getInt(at + high) << 32;
    }

    /** What a group has after the file system was filled. */
    void describe(int group, int freeBlocks, int freeInodes, int directories, int unusedInodes, int flags) {
        int at = group * descriptorBytes;
        descriptors.putShort(at + 0x0C, (short) freeBlocks);
        descriptors.putShort(at + 0x0E, (short) freeInodes);
        descriptors.putShort(at + 0x10, (short) directories);
        descriptors.putShort(at + 0x1C, (short) unusedInodes);
        descriptors.putShort(at + 0x2C, (short) (freeBlocks >>> 16));
        descriptors.putShort(at + 0x2E, (short) (freeInodes >>> 16));
        descriptors.putShort(at + 0x30, (short) (directories >>> 16));
        descriptors.putShort(at + 0x32, (short) (unusedInodes >>> 16));
        int kept = descriptors.getShort(at + 0x12) & ~(BLOCK_UNINIT | INODE_UNINIT);
        descriptors.putShort(at + 0x12, (short) (kept | flags));
    }

    void bitmapChecksums(int group, ByteBuffer blockBitmap, ByteBuffer inodeBitmap) {
        int at = group * descriptorBytes;
        int ofBlocks = checksum(blockBitmap.slice(0, blocksPerGroup / 8));
        int ofInodes = checksum(inodeBitmap.slice(0, inodesPerGroup / 8));
        descriptors.putShort(at + 0x18, (short) ofBlocks);
        descriptors.putShort(at + 0x38, (short) (ofBlocks >>> 16));
        descriptors.putShort(at + 0x1A, (short) ofInodes);
        descriptors.putShort(at + 0x3A, (short) (ofInodes >>> 16));
    }

    void writeTo(FileChannel channel, long freeBlocks, int freeInodes, long now) throws IOException {
        for (int group = 0; group < groups; group++) {
            int at = group * descriptorBytes;
            descriptors.putShort(at + 0x1E, (short) 0);
            int sum = checksum(number(group), descriptors.slice(at, descriptorBytes));
            descriptors.putShort(at + 0x1E, (short) sum);
        }
        write(channel, BLOCK, descriptors.duplicate());
        superblock.putInt(0x0C, (int) freeBlocks);
        superblock.putInt(0x158, (int) (freeBlocks >>> 32));
        superblock.putInt(0x10, freeInodes);
        superblock.putInt(0x30, (int) now);
        CRC32C crc = new CRC32C();
        crc.update(superblock.slice(0, 0x3FC));
        superblock.putInt(0x3FC, ~(int) crc.getValue());
        write(channel, SUPERBLOCK_AT, superblock.duplicate());
    }

    static ByteBuffer number(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .flip();
    }

    /** The kernel's crc32c goes on where it was and is not inverted at the end; it begins with the file system's UUID. */
    int checksum(ByteBuffer... parts) {
        CRC32C crc = new CRC32C();
        crc.update(uuid);
        for (ByteBuffer part : parts) {
            crc.update(part.duplicate());
        }
        return ~(int) crc.getValue();
    }
}
