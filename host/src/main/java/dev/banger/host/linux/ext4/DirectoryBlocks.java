package dev.banger.host.linux.ext4;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A directory as blocks: linear, as mke2fs makes them; the kernel reads them as well as hashed ones. */
final class DirectoryBlocks {
    /** The entry at a block's end that has its checksum. */
    private static final int TAIL = 12;

    private final List<ByteBuffer> blocks = new ArrayList<>();
    private ByteBuffer block = fresh();
    private int lastAt;

    private DirectoryBlocks() {}

    static List<ByteBuffer> of(Inode directory, Geometry geometry) {
        DirectoryBlocks made = new DirectoryBlocks();
        made.add(directory.number, Inode.Type.DIRECTORY, ".");
        made.add(directory.parent, Inode.Type.DIRECTORY, "..");
        for (Map.Entry<String, Inode.Link> entry : directory.children().entrySet()) {
            Inode inode = entry.getValue().inode();
            made.add(inode.number, inode.type(), entry.getKey());
        }
        made.close();
        for (ByteBuffer each : made.blocks) {
            each.putInt(
                    Geometry.BLOCK - 4,
                    geometry.checksum(
                            Geometry.number(directory.number),
                            Geometry.number(0),
                            each.slice(0, Geometry.BLOCK - TAIL)));
        }
        return made.blocks;
    }

    private static ByteBuffer fresh() {
        return ByteBuffer.allocate(Geometry.BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void add(int number, Inode.Type type, String name) {
        int bytes = 8 + name.length() + 3 & ~3;
        if (block.remaining() - TAIL < bytes) {
            close();
            block = fresh();
        }
        lastAt = block.position();
        block.putInt(number)
                .putShort((short) bytes)
                .put((byte) name.length())
                .put((byte) type.entryType)
                .put(name.getBytes(StandardCharsets.ISO_8859_1))
                .position(lastAt + bytes);
    }

    /** The last entry takes the rest of the block, but for the checksum's. */
    private void close() {
        int tail = Geometry.BLOCK - TAIL;
        block.putShort(lastAt + 4, (short) (tail - lastAt));
        block.putShort(tail + 4, (short) TAIL).put(tail + 7, (byte) 0xDE);
        blocks.add(block);
    }
}
