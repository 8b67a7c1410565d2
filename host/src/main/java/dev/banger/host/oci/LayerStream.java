package dev.banger.host.oci;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A layer's tar, from a blob that may be compressed. A thread of its own decompresses ahead of whoever reads. What
 * there is to read is limited by a budget, and has a digest, which {@link #verify} compares. Closing ends the thread.
 */
final class LayerStream extends InputStream {
    private static final int CHUNK = 256 * 1024;
    private static final int AHEAD = 8;
    /** A frame that wants to look back further than 64 MiB would take memory accordingly. */
    private static final int ZSTD_WINDOW = 26;

    /** Some bytes; none at the end. */
    private record Chunk(byte[] bytes, int length, @Nullable Exception failure) {}

    /** Bytes that all layers of an image together may still unpack to. Small inputs that become large ones end here. */
    static final class Budget {
        private long left;

        Budget(long bytes) {
            left = bytes;
        }

        private void spend(int bytes) {
            left -= bytes;
            if (left < 0) {
                throw new BadArchive("it unpacks to far more than its size");
            }
        }
    }

    private final BlockingQueue<Chunk> ahead = new ArrayBlockingQueue<>(AHEAD);
    private final MessageDigest digest = Digest.begin();
    private final Budget budget;
    private final Thread thread;
    private Chunk current = new Chunk(new byte[0], 0, null);
    private int at;
    private boolean ended;

    private LayerStream(InputStream blob, Budget budget) {
        this.budget = budget;
        thread = Thread.ofPlatform().daemon().name("layer").start(() -> decompress(blob));
    }

    /** {@code blob} is closed by its end or by closing the stream. */
    static LayerStream of(InputStream blob, Budget budget) {
        return new LayerStream(blob, budget);
    }

    private void decompress(InputStream blob) {
        try (InputStream plain = plain(new BufferedInputStream(blob, CHUNK))) {
            while (true) {
                byte[] chunk = new byte[CHUNK];
                int got = plain.readNBytes(chunk, 0, CHUNK);
                if (got > 0) {
                    digest.update(chunk, 0, got);
                    ahead.put(new Chunk(chunk, got, null));
                }
                if (got < CHUNK) {
                    break;
                }
            }
            ahead.put(new Chunk(new byte[0], 0, null));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed: nobody reads on
        } catch (IOException | RuntimeException e) {
            try {
                ahead.put(new Chunk(new byte[0], 0, e));
            } catch (InterruptedException closed) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** By what it begins with, not by what its media type says: the two differ in practice. */
    private static InputStream plain(InputStream blob) throws IOException {
        blob.mark(4);
        byte[] magic = blob.readNBytes(4);
        blob.reset();
        if (magic.length == 4 && magic[0] == 0x1F && magic[1] == (byte) 0x8B) {
            return new GZIPInputStream(blob, 64 * 1024);
        }
        if (magic.length == 4
                && (magic[0] == 0x28 || magic[0] >= 0x50 && magic[0] <= 0x5F)
                && magic[1] == (byte) (magic[0] == 0x28 ? 0xB5 : 0x2A)
                && magic[2] == (byte) (magic[0] == 0x28 ? 0x2F : 0x4D)
                && magic[3] == (byte) (magic[0] == 0x28 ? 0xFD : 0x18)) {
            return new ZstdInputStream(blob).setLongMax(ZSTD_WINDOW);
        }
        return blob;
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
        if (at == current.length() && !next()) {
            return -1;
        }
        int got = Math.min(length, current.length() - at);
        System.arraycopy(current.bytes(), at, bytes, offset, got);
        at += got;
        return got;
    }

    @Override
    public long skip(long count) throws IOException {
        if (count <= 0 || at == current.length() && !next()) {
            return 0;
        }
        int skipped = (int) Math.min(count, current.length() - at);
        at += skipped;
        return skipped;
    }

    private boolean next() throws IOException {
        if (ended) {
            return false;
        }
        try {
            current = ahead.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("cancelled while unpacking");
        }
        at = 0;
        budget.spend(current.length());
        Exception failure = current.failure();
        if (failure instanceof BadArchive bad) {
            throw bad;
        }
        if (failure != null) {
            throw new BadArchive("it cannot be decompressed (" + failure.getMessage() + ")");
        }
        ended = current.length() == 0;
        return !ended;
    }

    /** Reads to the end, and fails unless all of it together has that digest. */
    void verify(Digest expected) throws IOException {
        while (at < current.length() || next()) {
            at = current.length();
        }
        expected.check(Digest.of(digest), "a layer");
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
