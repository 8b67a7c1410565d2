package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Ext4Test {
    private final ProgramRunner programs = new ProgramRunner(System.getenv());

    @TempDir
    private Path directory;

    /** Each new VM gets a copy of what is in an empty work disk, and waits until that is written out. */
    @Test
    void anEmptyFileSystemIsWholeAndSmallAndHasRoomToGrow() throws Exception {
        Path file = directory.resolve("disk");
        new Ext4(programs).make(file, 8L << 30, "work");

        new Ext4(programs).check(file);
        assertThat(SparseDigest.dataBytes(file)).isBetween(100L << 10, 700L << 10);
        String superblock = programs.run(Program.of(Duration.ofSeconds(20), "dumpe2fs", "-h", file.toString()))
                .text();
        assertThat(superblock)
                .containsPattern("Reserved GDT blocks: +63\\n")
                .containsPattern("Block count: +2097152\\n");
    }
}
