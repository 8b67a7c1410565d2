package dev.banger.host.export;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Tells what is zero in a buffer, and need not be kept. */
final class Zeros {
    private static final int PAGE = 4096;
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(PAGE).asReadOnlyBuffer();

    private Zeros() {}

    interface Run {
        void write(ByteBuffer bytes, long at) throws IOException;
    }

    static boolean all(ByteBuffer bytes) {
        for (int at = 0; at < bytes.limit(); at += PAGE) {
            if (!isZero(bytes, at)) {
                return false;
            }
        }
        return true;
    }

    /** Hands over each longest run of pages that are not zero, with its place in the buffer. */
    static void skip(ByteBuffer bytes, Run run) throws IOException {
        int begin = -1;
        for (int at = 0; at < bytes.limit(); at += PAGE) {
            boolean zero = isZero(bytes, at);
            if (!zero && begin < 0) {
                begin = at;
            } else if (zero && begin >= 0) {
                run.write(bytes.slice(begin, at - begin), begin);
                begin = -1;
            }
        }
        if (begin >= 0) {
            run.write(bytes.slice(begin, bytes.limit() - begin), begin);
        }
    }

    private static boolean isZero(ByteBuffer bytes, int at) {
        int length = Math.min(PAGE, bytes.limit() - at);
        return bytes.slice(at, length).mismatch(ZEROS.slice(0, length)) < 0;
    }
}
