package dev.banger.host.linux.ext4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Writes blocks; those that lie one after another go out together, in the order they came. */
final class BlockWriter {
    private static final int CAPACITY = 256;
    private static final byte[] ZEROS = new byte[Geometry.BLOCK];

    private final FileChannel channel;
    private final ByteBuffer pending = ByteBuffer.allocateDirect(CAPACITY * Geometry.BLOCK);
    private long first;

    BlockWriter(FileChannel channel) {
        this.channel = channel;
    }

    /** {@code bytes}: at most what fits into {@code blocks}; the rest of the last one is zeros. */
    void write(int block, int blocks, byte[] bytes, int offset, int length) throws IOException {
        if (block != first + pending.position() / Geometry.BLOCK || pending.remaining() < blocks * Geometry.BLOCK) {
            flush();
            first = block;
        }
        pending.put(bytes, offset, length);
        pending.put(ZEROS, 0, blocks * Geometry.BLOCK - length);
    }

    void write(int block, ByteBuffer bytes) throws IOException {
        write(block, bytes.capacity() / Geometry.BLOCK, bytes.array(), 0, bytes.capacity());
    }

    void flush() throws IOException {
        Geometry.write(channel, first * Geometry.BLOCK, pending.flip());
        pending.clear();
    }
}
