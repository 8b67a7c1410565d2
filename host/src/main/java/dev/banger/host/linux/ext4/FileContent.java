package dev.banger.host.linux.ext4;

import java.io.IOException;
import java.util.Arrays;

/** The content of a regular file on its way to blocks. Zeros of 64 KiB and more become holes. */
public final class FileContent {
    private static final int PIECE_BLOCKS = 16;
    private static final int PIECE = PIECE_BLOCKS * Geometry.BLOCK;
    private static final byte[] ZEROS = new byte[PIECE];
    /** ee_len of an extent that is written. */
    private static final int EXTENT_BLOCKS = 32768;

    private final BlockMap map;
    private final BlockWriter writer;
    private final byte[] piece = new byte[PIECE];
    private int[] extents = new int[12];
    private int used;
    private int filled;
    private long size;

    FileContent(BlockMap map, BlockWriter writer) {
        this.map = map;
        this.writer = writer;
    }

    void begin() {
        used = 0;
        filled = 0;
        size = 0;
    }

    public void bytes(byte[] bytes, int offset, int length) throws IOException {
        for (int done = 0; done < length; ) {
            int now = Math.min(length - done, PIECE - filled);
            System.arraycopy(bytes, offset + done, piece, filled, now);
            done += now;
            advance(now);
        }
    }

    public void zeros(long count) throws IOException {
        long left = count;
        while (left > 0) {
            if (filled == 0 && left >= PIECE) {
                size += left / PIECE * PIECE;
                left %= PIECE;
            } else {
                int now = (int) Math.min(left, PIECE - filled);
                Arrays.fill(piece, filled, filled + now, (byte) 0);
                left -= now;
                advance(now);
            }
        }
    }

    private void advance(int bytes) throws IOException {
        filled += bytes;
        size += bytes;
        if (filled == PIECE) {
            flush();
        }
    }

    private void flush() throws IOException {
        if (Arrays.mismatch(piece, 0, filled, ZEROS, 0, filled) >= 0) {
            int logical = (int) ((size - filled) / Geometry.BLOCK);
            int blocks = (filled + Geometry.BLOCK - 1) / Geometry.BLOCK;
            for (int done = 0; done < blocks; ) {
                int[] run = map.take(blocks - done);
                int from = done * Geometry.BLOCK;
                writer.write(run[0], run[1], piece, from, Math.min(filled - from, run[1] * Geometry.BLOCK));
                extend(logical + done, run[0], run[1]);
                done += run[1];
            }
        }
        filled = 0;
    }

    private void extend(int logical, int physical, int count) {
        if (used > 0) {
            int last = used - 3;
            int length = extents[last + 2];
            if (extents[last] + length == logical
                    && extents[last + 1] + length == physical
                    && length + count <= EXTENT_BLOCKS) {
                extents[last + 2] += count;
                return;
            }
        }
        if (used == extents.length) {
            extents = Arrays.copyOf(extents, 2 * used);
        }
        extents[used] = logical;
        extents[used + 1] = physical;
        extents[used + 2] = count;
        used += 3;
    }

    void end(Inode file) throws IOException {
        flush();
        file.size = size;
        file.extents = Arrays.copyOf(extents, used);
    }
}
