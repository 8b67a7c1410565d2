package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.host.linux.FileCopy.Means;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileCopyTest {
    private static final long BYTES = 3L << 30;

    private final ProgramRunner programs = new ProgramRunner(System.getenv());

    @TempDir
    Path directory;

    @Test
    void dataIsCopiedAndHolesAreNot() throws IOException {
        Path from = sparse(directory.resolve("from"));
        Path to = directory.resolve("to");

        Means means = FileCopy.copy(from, to);

        assertThat(means).isEqualTo(FileCopy.sharesBlocks(directory, directory) ? Means.REFLINK : Means.DATA);
        assertSameDisk(from, to);
        assertThat(blocks(to)).isLessThan(1 << 20);
    }

    @Test
    void aFileThatIsNothingButAHoleIsCopied() throws IOException {
        Path from = directory.resolve("from");
        try (RandomAccessFile file = new RandomAccessFile(from.toFile(), "rw")) {
            file.setLength(BYTES);
        }

        FileCopy.copy(from, directory.resolve("to"));

        assertThat(directory.resolve("to")).hasSize(BYTES);
    }

    @Test
    void nothingIsOverwritten() throws IOException {
        Path from = sparse(directory.resolve("from"));
        Path to = Files.writeString(directory.resolve("to"), "precious");

        assertThatExceptionOfType(FileAlreadyExistsException.class).isThrownBy(() -> FileCopy.copy(from, to));

        assertThat(to).hasContent("precious");
    }

    @Test
    void xfsSharesTheBlocks() throws IOException {
        Path image = directory.resolve("xfs");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(512L << 20);
        }
        run("mkfs.xfs", "-q", image.toString());
        Path mounted = Files.createDirectory(directory.resolve("mounted"));
        run("mount", "-o", "loop", image.toString(), mounted.toString());
        try {
            Path from = sparse(mounted.resolve("from"));
            Path to = mounted.resolve("to");
            assertThat(FileCopy.sharesBlocks(mounted, mounted)).isTrue();
            assertThat(FileCopy.sharesBlocks(directory, mounted)).isFalse();
            assertThat(mounted).isDirectoryNotContaining("glob:**/.reflink*");

            assertThat(FileCopy.copy(from, to)).isEqualTo(Means.REFLINK);

            assertSameDisk(from, to);
            try (RandomAccessFile file = new RandomAccessFile(to.toFile(), "rw")) {
                file.write('X');
            }
            assertThat(SparseDigest.of(to)).isNotEqualTo(SparseDigest.of(from));
        } finally {
            run("umount", mounted.toString());
        }
    }

    private static Path sparse(Path file) throws IOException {
        try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
            content.writeBytes("at the start");
            content.seek(BYTES / 2 + 12345);
            content.writeBytes("in the middle");
            content.setLength(BYTES);
        }
        return file;
    }

    private static void assertSameDisk(Path from, Path to) throws IOException {
        assertThat(SparseDigest.of(to)).isEqualTo(SparseDigest.of(from));
    }

    private long blocks(Path file) {
        return Long.parseLong(run("stat", "-c", "%b", file.toString()).strip()) * 512;
    }

    private String run(String... command) {
        return programs.run(Program.of(Duration.ofSeconds(60), command)).text();
    }
}
