package dev.banger.host.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where a sparse file has data (lseek(2), SEEK_DATA and SEEK_HOLE). A file system that knows no holes has data everywhere. */
public final class Extents {
    private Extents() {}

    public interface Visitor {
        /** The data from {@code start} to before {@code end}. */
        void extent(long start, long end) throws IOException;
    }

    /** Visits them in order. What is written meanwhile may be missed. */
    public static void of(Path file, Visitor visitor) throws IOException {
        Libc.Result opened = Libc.open(file.toString(), Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            throw new IOException("cannot open " + file + " (errno " + opened.errno() + ")");
        }
        int fd = (int) opened.value();
        try {
            long size = Files.size(file);
            long at = 0;
            while (at < size) {
                Libc.Result data = Libc.lseek(fd, at, Libc.SEEK_DATA);
                if (data.failed()) {
                    if (data.errno() == Libc.ENXIO) {
                        return; // nothing but a hole up to the end
                    }
                    throw new IOException("cannot find the data in " + file + " (errno " + data.errno() + ")");
                }
                Libc.Result hole = Libc.lseek(fd, data.value(), Libc.SEEK_HOLE);
                at = hole.failed() ? size : hole.value();
                visitor.extent(data.value(), at);
            }
        } finally {
            Libc.close(fd);
        }
    }
}
