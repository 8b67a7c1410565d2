package dev.banger.host.export;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import dev.banger.host.linux.NativeMemory;
import java.nio.ByteBuffer;

/** A chunk and what it is compressed, in memory of one thread. Closed by that. */
final class Zstandard implements AutoCloseable {
    /** What the program zstd does unless it is told otherwise. */
    private static final int LEVEL = 3;
    /** No compressed chunk is longer. */
    static final int LARGEST = (int) Zstd.compressBound(Manifest.CHUNK);

    private final NativeMemory memory = new NativeMemory();
    private final ByteBuffer plain = memory.buffer(Manifest.CHUNK);
    private final ByteBuffer packed = memory.buffer(LARGEST);
    private final ZstdCompressCtx compressor = new ZstdCompressCtx().setLevel(LEVEL);
    private final ZstdDecompressCtx decompressor = new ZstdDecompressCtx();

    /** Empty, with room for a chunk of that length. */
    ByteBuffer plain(int bytes) {
        return plain.clear().limit(bytes);
    }

    ByteBuffer packed(int bytes) {
        return packed.clear().limit(bytes);
    }

    /** Compresses all of {@link #plain}. */
    ByteBuffer pack() {
        plain.rewind();
        packed.clear();
        compressor.compress(packed, plain);
        return packed.flip();
    }

    /** Unpacks all of {@link #packed}, which has to give so many bytes. */
    ByteBuffer unpack(int bytes) {
        packed.rewind();
        ByteBuffer target = plain(bytes);
        try {
            if (decompressor.decompress(target, packed) == bytes && !packed.hasRemaining()) {
                return target.flip();
            }
        } catch (ZstdException e) {
            throw new BadExport("a part that is no zstd, or longer than it says");
        }
        throw new BadExport("a part that is shorter than it says");
    }

    @Override
    public void close() {
        compressor.close();
        decompressor.close();
        memory.close();
    }
}
