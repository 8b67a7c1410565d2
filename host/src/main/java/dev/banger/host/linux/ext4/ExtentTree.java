package dev.banger.host.linux.ext4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Where an inode says which blocks are its own. */
record ExtentTree(Geometry geometry, BlockMap map, BlockWriter writer) {
    /** Up to four entries lie in the inode, more in a tree of blocks beneath. @return blocks that it took */
    int write(Inode inode, ByteBuffer raw) throws IOException {
        int[] level = inode.extents; // triples of logical block, where, count
        int depth = 0;
        int took = 0;
        int perBlock = (Geometry.BLOCK - 12 - 4) / 12;
        while (level.length / 3 > 4) {
            int nodes = (level.length / 3 + perBlock - 1) / perBlock;
            int[] above = new int[nodes * 3];
            for (int node = 0; node < nodes; node++) {
                int from = node * perBlock * 3;
                int until = Math.min(level.length, from + perBlock * 3);
                ByteBuffer block = ByteBuffer.allocate(Geometry.BLOCK).order(ByteOrder.LITTLE_ENDIAN);
                node(block, 0, level, from, until, perBlock, depth);
                int sum = geometry.checksum(
                        Geometry.number(inode.number), Geometry.number(0), block.slice(0, 12 + perBlock * 12));
                block.putInt(12 + perBlock * 12, sum);
                int number = map.take(1)[0];
                writer.write(number, block);
                above[node * 3] = level[from];
                above[node * 3 + 1] = number;
            }
            took += nodes;
            level = above;
            depth++;
        }
        node(raw, 0x28, level, 0, level.length, 4, depth);
        return took;
    }

    private static void node(ByteBuffer out, int at, int[] level, int from, int until, int capacity, int depth) {
        out.putShort(at, (short) 0xF30A)
                .putShort(at + 2, (short) ((until - from) / 3))
                .putShort(at + 4, (short) capacity)
                .putShort(at + 6, (short) depth);
        int entry = at + 12;
        for (int next = from; next < until; next += 3, entry += 12) {
            out.putInt(entry, level[next]);
            if (depth == 0) {
                out.putShort(entry + 4, (short) level[next + 2]).putInt(entry + 8, level[next + 1]);
            } else {
                out.putInt(entry + 4, level[next + 1]);
            }
        }
    }
}
