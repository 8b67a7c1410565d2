package dev.banger.host.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * Copies of large files that take no longer, and no more of the disk, than the file system can help: the blocks are shared until
 * they are written to where it can do that (XFS, btrfs; ioctl_ficlone(2)), else the data is copied and the holes are not.
 */
public final class FileCopy {
    /** _IOW(0x94, 9, int) of linux/fs.h */
    private static final long FICLONE = 0x40049409L;

    private FileCopy() {}

    /** How a copy was made. */
    public enum Means {
        REFLINK,
        DATA
    }

    /** Makes {@code to}, which must not be there, and flushes nothing. On failure it is not left. */
    public static Means copy(Path from, Path to) throws IOException {
        Files.createFile(to); // fails, and deletes nothing, where there is one
        try (FileChannel target = FileChannel.open(to, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (clone(from, to)) {
                return Means.REFLINK;
            }
            copyData(from, target);
            return Means.DATA;
        } catch (IOException e) {
            Files.deleteIfExists(to);
            throw e;
        }
    }

    /** Whether that is to be expected of the file system both are on, or will be. Looks, writes nothing. */
    public static boolean mayShareBlocks(Path fromDirectory, Path toDirectory) {
        try {
            FileStore from = Files.getFileStore(existing(fromDirectory));
            return from.equals(Files.getFileStore(existing(toDirectory)))
                    && Set.of("xfs", "btrfs").contains(from.type());
        } catch (IOException e) {
            return false; // what is wrong with them shows when they are used
        }
    }

    /** A directory, or the one above it in which it will be made. */
    public static Path existing(Path directory) {
        Path at = directory.toAbsolutePath();
        for (Path parent = at.getParent(); parent != null && Files.notExists(at); parent = at.getParent()) {
            at = parent;
        }
        return at;
    }

    /** Whether files of one directory can share blocks with those of another; leaves nothing behind. */
    public static boolean sharesBlocks(Path fromDirectory, Path toDirectory) throws IOException {
        Path from = Files.createTempFile(fromDirectory, ".reflink", ".tmp");
        try {
            Path to = Files.createTempFile(toDirectory, ".reflink", ".tmp");
            try {
                Files.write(from, new byte[4096]);
                return clone(from, to);
            } finally {
                Files.deleteIfExists(to);
            }
        } finally {
            Files.deleteIfExists(from);
        }
    }

    /** False where the file systems cannot; whatever else is wrong with the files then shows when the data is copied. */
    private static boolean clone(Path from, Path to) throws IOException {
        int source = open(from, Libc.O_RDONLY);
        try {
            int target = open(to, Libc.O_RDWR);
            try {
                return !Libc.ioctl(target, FICLONE, source).failed();
            } finally {
                Libc.close(target);
            }
        } finally {
            Libc.close(source);
        }
    }

    private static int open(Path file, int flags) throws IOException {
        Libc.Result opened = Libc.open(file.toString(), flags | Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            throw new IOException("cannot open " + file + " (errno " + opened.errno() + ")");
        }
        return (int) opened.value();
    }

    private static void copyData(Path from, FileChannel target) throws IOException {
        try (FileChannel source = FileChannel.open(from, StandardOpenOption.READ)) {
            long size = source.size();
            Extents.of(from, (start, end) -> {
                target.position(start);
                long at = start;
                while (at < end) {
                    long moved = source.transferTo(at, end - at, target);
                    if (moved <= 0) {
                        throw new IOException(from + " became shorter while it was copied");
                    }
                    at += moved;
                }
            });
            if (target.size() < size) { // it ends with a hole
                target.write(ByteBuffer.allocate(1), size - 1);
            }
        }
    }
}
