package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparseFileTest {
    @TempDir
    private Path directory;

    private static long blocks(Path file) {
        return Long.parseLong(new ProgramRunner(System.getenv())
                .run(Program.of(Duration.ofSeconds(20), "stat", "-c", "%b", file.toString()))
                .text());
    }

    @Test
    void whatIsZeroTakesUpNoSpaceAndTheFileReadsAsBefore() throws Exception {
        byte[] content = new byte[8 << 20];
        content[5 << 20] = 1;
        content[content.length - 1] = 2;
        Path file = Files.write(directory.resolve("memory"), content);
        assertThat(blocks(file)).isGreaterThanOrEqualTo(content.length / 512);

        SparseFile.dig(file);

        assertThat(Files.readAllBytes(file)).isEqualTo(content);
        assertThat(blocks(file)).isLessThanOrEqualTo(64);
    }

    @Test
    void aFileWithoutAZeroPageAndAnEmptyOneAreLeftAsTheyAre() throws Exception {
        byte[] content = new byte[3 * 4096 + 100];
        Arrays.fill(content, (byte) 7);
        Path file = Files.write(directory.resolve("full"), content);
        Path empty = Files.createFile(directory.resolve("empty"));

        SparseFile.dig(file);
        SparseFile.dig(empty);

        assertThat(Files.readAllBytes(file)).isEqualTo(content);
        assertThat(empty).isEmptyFile();
    }
}
