package dev.banger.host.oci;

import java.util.ArrayList;
import java.util.List;

/** Which parts of a file an archive has, the rest being holes; and where in it a reader is. Any file is one of a single part. */
final class SparseMap {
    private static final int PARTS = 100_000;

    private record Part(long offset, long length) {
        long end() {
            return offset + length;
        }
    }

    private final List<Part> parts = new ArrayList<>();
    private long size;
    private long at;
    private int part;

    /** The next part; where it may lie is looked at by {@link #check}. */
    void add(long offset, long length) {
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length || parts.size() >= PARTS) {
            throw new BadArchive("a sparse map that cannot be right");
        }
        parts.add(new Part(offset, length));
    }

    void clear() {
        parts.clear();
    }

    /** The map is complete, for a file of that size with so many bytes in the archive. */
    SparseMap check(long wholeSize, long stored) {
        long end = 0;
        long data = 0;
        for (Part each : parts) {
            if (each.offset() < end || each.end() > wholeSize) {
                throw new BadArchive("a sparse file whose parts overlap or lie beyond its end");
            }
            end = each.end();
            data += each.length();
        }
        if (data != stored) {
            throw new BadArchive("a sparse file with " + stored + " bytes of data for parts of " + data);
        }
        size = wholeSize;
        return this;
    }

    /** How many zeros come next; they are passed. */
    long hole() {
        long next = passed() ? size : parts.get(part).offset();
        long zeros = Math.max(0, next - at);
        at += zeros;
        return zeros;
    }

    /** How many bytes come next before a hole or the end. */
    long available() {
        return passed() || parts.get(part).offset() > at ? 0 : parts.get(part).end() - at;
    }

    /** {@code count} of them were read. */
    void pass(int count) {
        at += count;
    }

    private boolean passed() {
        while (part < parts.size() && parts.get(part).end() <= at) {
            part++;
        }
        return part == parts.size();
    }
}
