package dev.banger.host.linux.ext4;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.BitSet;

/** Which blocks are taken. Blocks are given out in rising order, so that what is written one after another lies so. */
final class BlockMap {
    private final Geometry geometry;
    private final BitSet taken;
    private int cursor;

    BlockMap(Geometry geometry, FileChannel channel) throws IOException {
        this.geometry = geometry;
        taken = new BitSet(Math.toIntExact(geometry.blocks));
        for (int group = 0; group < geometry.groups; group++) {
            int first = group * geometry.blocksPerGroup;
            taken.set(first, first + Math.min(geometry.copies(group), geometry.blocksIn(group)));
            taken.set((int) geometry.blockBitmap(group));
            taken.set((int) geometry.inodeBitmap(group));
            int table = (int) geometry.inodeTable(group);
            taken.set(table, table + geometry.inodeTableBlocks());
            if (!geometry.hasFlag(group, Geometry.BLOCK_UNINIT)) {
                byte[] bitmap = Geometry.read(
                                channel, geometry.blockBitmap(group) * Geometry.BLOCK, geometry.blocksPerGroup / 8)
                        .array();
                BitSet used = BitSet.valueOf(bitmap);
                for (int at = used.nextSetBit(0);
                        at >= 0 && at < geometry.blocksIn(group);
                        at = used.nextSetBit(at + 1)) {
                    taken.set(first + at);
                }
            }
        }
    }

    /** Takes the next free block, and as many that follow as are free, at most {@code wanted}. @return first and count */
    int[] take(int wanted) {
        int first = taken.nextClearBit(cursor);
        if (first >= geometry.blocks) {
            first = taken.nextClearBit(0);
            if (first >= geometry.blocks) {
                throw full();
            }
        }
        int end = taken.nextSetBit(first);
        int limit = (int) Math.min(geometry.blocks, first + (long) wanted);
        end = end < 0 ? limit : Math.min(end, limit);
        taken.set(first, end);
        cursor = end;
        return new int[] {first, end - first};
    }

    void free(int first, int count) {
        taken.clear(first, first + count);
    }

    boolean isTaken(int block) {
        return taken.get(block);
    }

    int freeIn(int group) {
        int first = group * geometry.blocksPerGroup;
        return geometry.blocksIn(group)
                - taken.get(first, first + geometry.blocksIn(group)).cardinality();
    }

    ByteBuffer bitmap(int group) {
        int first = group * geometry.blocksPerGroup;
        byte[] bits = taken.get(first, first + geometry.blocksIn(group)).toByteArray();
        ByteBuffer block = ByteBuffer.allocate(Geometry.BLOCK).put(0, bits);
        // What is beyond the end of the last group counts as taken.
        for (int bit = geometry.blocksIn(group); bit < Geometry.BLOCK * 8; bit++) {
            block.put(bit / 8, (byte) (block.get(bit / 8) | 1 << bit % 8));
        }
        return block;
    }

    BangerException full() {
        return new BangerException(
                ErrorCode.RESOURCE_EXHAUSTED,
                "more than fits into a file system of " + (geometry.blocks * Geometry.BLOCK >> 30) + " GiB with "
                        + geometry.inodes + " inodes");
    }
}
