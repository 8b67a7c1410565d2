package dev.banger.host.disk;

import dev.banger.host.linux.FileCopy;
import dev.banger.host.linux.PublishedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Disks as sparse files that have all of the disk in them. */
final class RawDisks {
    private RawDisks() {}

    /** Makes {@code file} a copy of {@code content} unless it is there. Not flushed either. */
    static void make(Path content, Path file) throws IOException {
        if (Files.notExists(file)) {
            copy(content, file);
        }
    }

    /** Appears whole or not at all, but is not flushed. */
    static void copy(Path from, Path to) throws IOException {
        if (Files.exists(to)) {
            throw new IOException(to + " is there already");
        }
        PublishedFile.publishUnflushed(to, unfinished -> FileCopy.copy(from, unfinished));
    }
}
