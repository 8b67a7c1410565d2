package dev.banger.host.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Some bytes of a file, which it closes with itself or not as its maker says. */
final class Slice extends InputStream {
    private final FileChannel file;
    private final boolean owned;
    private final long end;
    private long at;

    Slice(FileChannel file, long from, long length, boolean owned) {
        this.file = file;
        this.at = from;
        this.end = from + length;
        this.owned = owned;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        int wanted = (int) Math.min(length, end - at);
        if (wanted <= 0) {
            return -1;
        }
        int got = file.read(ByteBuffer.wrap(bytes, offset, wanted), at);
        at += Math.max(0, got);
        return got;
    }

    @Override
    public long skip(long count) {
        long skipped = Math.max(0, Math.min(count, end - at));
        at += skipped;
        return skipped;
    }

    /** Exact, which concatenated gzip streams depend on. */
    @Override
    public int available() {
        return (int) Math.min(Integer.MAX_VALUE, end - at);
    }

    @Override
    public void close() throws IOException {
        if (owned) {
            file.close();
        }
    }
}
