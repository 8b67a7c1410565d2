package dev.banger.host.linux;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;

/**
 * Memory outside of the heap that is given back when it is closed, not when the collector finds it: large buffers of short work would
 * add up until then. The thread that made it uses and closes it; a buffer that is used afterwards throws.
 */
public final class NativeMemory implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();

    /** A direct buffer of zeros. */
    public ByteBuffer buffer(int bytes) {
        return arena.allocate(bytes).asByteBuffer();
    }

    @Override
    public void close() {
        arena.close();
    }
}
