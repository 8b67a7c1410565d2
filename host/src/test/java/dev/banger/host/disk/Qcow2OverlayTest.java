package dev.banger.host.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageProgram;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.image.Image;
import dev.banger.vm.RootDisks.Disk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Qcow2OverlayTest {
    private static final long BYTES = 10L << 30;

    private final ProgramRunner programs = new ProgramRunner(System.getenv());
    private final Qcow2Overlay disks = new Qcow2Overlay();

    @TempDir
    Path directory;

    private Path rootfs;
    private Path overlay;

    @BeforeEach
    void anImageWithAnA() throws IOException {
        rootfs = directory.resolve("rootfs");
        overlay = directory.resolve("vm/root.qcow2");
        try (RandomAccessFile file = new RandomAccessFile(rootfs.toFile(), "rw")) {
            file.setLength(BYTES);
            byte[] a = new byte[4096];
            Arrays.fill(a, (byte) 'A');
            file.write(a);
            file.seek(BYTES - 4096);
            file.write(a);
        }
    }

    @Test
    void qemuFindsTheOverlayInOrder() {
        Disk disk = disks.prepare(image(), overlay);

        assertThat(disk).isEqualTo(new Disk(overlay, "qcow2", "root", false));
        assertThat(qemuImg("check", "-f", "qcow2", overlay.toString())).contains("No errors were found");
        assertThat(qemuImg("info", "-f", "qcow2", "--output=json", overlay.toString())
                        .replaceAll("\\s+", " "))
                .contains("\"virtual-size\": " + BYTES)
                .contains("\"cluster-size\": 65536")
                .contains("\"backing-filename\": \"" + rootfs + "\"")
                .contains("\"backing-filename-format\": \"raw\"")
                .contains("\"dirty-flag\": false")
                .contains("\"corrupt\": false");
    }

    @Test
    void theGuestReadsTheImageAndItsOwnWrites() throws Exception {
        disks.prepare(image(), overlay);

        qemuIo("read -P 0x41 0 4096");
        qemuIo("read -P 0x41 " + (BYTES - 4096) + " 4096");
        qemuIo("write -P 0x42 1024 512");
        qemuIo("write -P 0x43 " + (BYTES / 2 + 777 * 512) + " 1M");
        qemuIo("read -P 0x42 1024 512");
        qemuIo("read -P 0x41 1536 512");
        qemuIo("read -P 0x43 " + (BYTES / 2 + 777 * 512) + " 1M");

        assertThat(qemuImg("check", "-f", "qcow2", overlay.toString())).contains("No errors were found");
        try (RandomAccessFile file = new RandomAccessFile(rootfs.toFile(), "r")) {
            byte[] first = new byte[4096];
            file.readFully(first);
            assertThat(first).containsOnly('A');
        }
    }

    @Test
    void anOverlayThatIsThereIsKept() {
        disks.prepare(image(), overlay);
        qemuIo("write -P 0x42 0 512");

        disks.prepare(image(), overlay);

        qemuIo("read -P 0x42 0 512");
    }

    @Test
    void aFileThatAPowerCutLeftEmptyIsMadeAgain() throws Exception {
        Files.createDirectories(overlay.getParent());
        Files.write(overlay, new byte[4 * 65536]);

        disks.prepare(image(), overlay);

        assertThat(qemuImg("check", "-f", "qcow2", overlay.toString())).contains("No errors were found");
    }

    @Test
    void aDamagedOverlayIsReportedAndLeftAlone() throws Exception {
        Files.createDirectories(overlay.getParent());
        Files.writeString(overlay, "something else");

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> disks.prepare(image(), overlay))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_CORRUPT))
                .withMessageContaining(overlay.toString());

        assertThat(overlay).hasContent("something else");
    }

    @Test
    void aBackingPathThatQcow2CannotNameIsRefusedAndNothingIsLeft() throws Exception {
        Path deep = directory;
        for (int i = 0; i < 6; i++) {
            deep = deep.resolve("d".repeat(200));
        }
        Files.createDirectories(deep);
        Path far = Files.copy(Files.createFile(directory.resolve("empty")), deep.resolve("rootfs"));
        Image image = new Image("far", "d", "test", false, 0, 0, Instant.EPOCH, deep, far, ImageProgram.NONE);

        assertThatExceptionOfType(BangerException.class).isThrownBy(() -> disks.prepare(image, overlay));

        assertThat(overlay.getParent()).isEmptyDirectory();
    }

    private Image image() {
        return new Image("test", "digest", "test", true, BYTES, 0, Instant.EPOCH, directory, rootfs, ImageProgram.NONE);
    }

    private String qemuImg(String... arguments) {
        return run("qemu-img", arguments);
    }

    private void qemuIo(String command) {
        String said = run("qemu-io", "-f", "qcow2", "-c", command, overlay.toString());
        assertThat(said).doesNotContain("verification failed");
    }

    private String run(String program, String... arguments) {
        var argv = new java.util.ArrayList<>(java.util.List.of(program));
        argv.addAll(Arrays.asList(arguments));
        return programs.run(Program.of(Duration.ofSeconds(30), argv)).text();
    }
}
