package dev.banger.host.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** A file that takes up no space for what is zero in it. */
public final class SparseFile {
    private static final int PAGE = 4096;
    private static final int CHUNK = 256 * PAGE;
    /** FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE of fallocate(2). */
    private static final int DIG = 0x01 | 0x02;

    private SparseFile() {}

    /**
     * Gives back the space of a file's pages that are zero; it reads as before. Where the file system cannot do that, it takes up what it
     * took.
     */
    public static void dig(Path file) throws IOException {
        Libc.Result opened = Libc.open(file.toString(), Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            throw new IOException("cannot open " + file + " (errno " + opened.errno() + ")");
        }
        int fd = (int) opened.value();
        try (FileChannel content = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK);
            long zeroFrom = -1;
            for (long at = 0; ; ) {
                int got = content.read(chunk.clear(), at);
                if (got <= 0) {
                    dig(fd, zeroFrom, at);
                    return;
                }
                for (int page = 0; page < got; page += PAGE) {
                    if (!isZero(chunk, page, Math.min(PAGE, got - page))) {
                        dig(fd, zeroFrom, at + page);
                        zeroFrom = -1;
                    } else if (zeroFrom < 0) {
                        zeroFrom = at + page;
                    }
                }
                at += got;
            }
        } finally {
            Libc.close(fd);
        }
    }

    /** Gives back the space of these ranges, pairs of start and end, which read as zeros afterwards. */
    public static void punch(Path file, List<long[]> ranges) throws IOException {
        Libc.Result opened = Libc.open(file.toString(), Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            throw new IOException("cannot open " + file + " (errno " + opened.errno() + ")");
        }
        int fd = (int) opened.value();
        try {
            ranges.forEach(range -> dig(fd, range[0], range[1]));
        } finally {
            Libc.close(fd);
        }
    }

    private static boolean isZero(ByteBuffer bytes, int from, int count) {
        int at = from;
        for (; at + Long.BYTES <= from + count; at += Long.BYTES) {
            if (bytes.getLong(at) != 0) {
                return false;
            }
        }
        for (; at < from + count; at++) {
            if (bytes.get(at) != 0) {
                return false;
            }
        }
        return true;
    }

    private static void dig(int fd, long from, long to) {
        if (from >= 0 && to > from) {
            Libc.fallocate(fd, DIG, from, to - from); // EOPNOTSUPP: it stays as it is
        }
    }
}
