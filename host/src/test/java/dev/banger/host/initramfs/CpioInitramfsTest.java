package dev.banger.host.initramfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.kernel.Kernel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpioInitramfsTest {
    @TempDir
    Path directory;

    private Path agent;
    private Path archives;

    @BeforeEach
    void anAgentAndTwoModules() throws IOException {
        agent = Files.writeString(directory.resolve("agent"), "the agent");
        archives = directory.resolve("initramfs");
        Path boot = Files.createDirectories(directory.resolve("boot"));
        Files.writeString(boot.resolve("virtio.ko"), "odd");
        Files.writeString(boot.resolve("virtio_blk.ko"), "the driver");
        Files.writeString(boot.resolve("modules.load"), "virtio\nvirtio_blk queues=1 more=2\n");
        Files.writeString(boot.resolve("modules.late"), "");
    }

    @Test
    void cpioListsTheAgentTheModulesAndTheDevices() throws Exception {
        Path archive = new CpioInitramfs(agent, archives).initramfs(kernel("digest"));

        String listing = new ProgramRunner(System.getenv())
                .run(Program.of(Duration.ofSeconds(20), "cpio", "-itv").reading(Files.readAllBytes(archive)))
                .text()
                .replaceAll(" +", " ");
        assertThat(listing.lines())
                .anyMatch(line -> line.startsWith("-rwxr-xr-x 1 root root 9 ") && line.endsWith(" init"))
                .anyMatch(line ->
                        line.startsWith("-rw-r--r-- 1 root root 10 ") && line.endsWith(" modules/virtio_blk.ko"))
                .anyMatch(line -> line.startsWith("crw------- 1 root root 5, 1 ") && line.endsWith(" dev/console"))
                .anyMatch(line -> line.startsWith("crw-rw-rw- 1 root root 1, 3 ") && line.endsWith(" dev/null"))
                .anyMatch(line -> line.startsWith("drwxr-xr-x 2 root root 0 ") && line.endsWith(" newroot"));
    }

    @Test
    void modulesAreNamedByTheirPathsInTheOrderToLoadThem() throws Exception {
        Path archive = new CpioInitramfs(agent, archives).initramfs(kernel("digest"));

        assertThat(content(archive, "etc/modules.load"))
                .isEqualTo("/modules/virtio.ko\n/modules/virtio_blk.ko queues=1 more=2\n");
        assertThat(content(archive, "modules/virtio.ko")).isEqualTo("odd");
        assertThat(content(archive, "init")).isEqualTo("the agent");
    }

    @Test
    void whatAKernelBringsComesFirstAndBangersOwnBeginsWhereTheKernelLooksForIt() throws Exception {
        byte[] brought = "any bytes, compressed or not".getBytes(StandardCharsets.UTF_8);
        CpioInitramfs initramfs = new CpioInitramfs(agent, archives);
        byte[] own = Files.readAllBytes(initramfs.initramfs(kernel("without")));
        Files.write(directory.resolve("initrd"), brought);

        byte[] both = Files.readAllBytes(initramfs.initramfs(kernel("with")));

        assertThat(both).hasSize(512 + own.length).startsWith(brought).endsWith(own);
        assertThat(Arrays.copyOfRange(both, brought.length, 512)).containsOnly(0);
    }

    @Test
    void modulesOfTheVsockAreInItWhereTheKernelHasAListOfThem() throws Exception {
        CpioInitramfs initramfs = new CpioInitramfs(agent, archives);
        assertThat(content(initramfs.initramfs(kernel("older")), "etc/modules.vsock"))
                .isEmpty();

        Files.writeString(directory.resolve("boot/vsock.ko"), "a socket");
        Files.writeString(directory.resolve("boot/modules.vsock"), "vsock\n");
        Path archive = initramfs.initramfs(kernel("digest"));
        assertThat(content(archive, "etc/modules.vsock")).isEqualTo("/modules/vsock.ko\n");
        assertThat(content(archive, "modules/vsock.ko")).isEqualTo("a socket");
    }

    @Test
    void theSameInputsGiveTheSameBytes() throws Exception {
        Path one = new CpioInitramfs(agent, archives).initramfs(kernel("digest"));
        Path other = new CpioInitramfs(agent, directory.resolve("elsewhere")).initramfs(kernel("digest"));

        assertThat(other.getFileName()).isEqualTo(one.getFileName());
        assertThat(other).hasSameBinaryContentAs(one);
        assertThat(Files.size(one) % 512).isZero();
    }

    @Test
    void anArchiveIsMadeOnce() throws Exception {
        CpioInitramfs initramfs = new CpioInitramfs(agent, archives);
        Path archive = initramfs.initramfs(kernel("digest"));
        var made = Files.getLastModifiedTime(archive);
        var inode = Files.getAttribute(archive, "unix:ino");

        assertThat(initramfs.initramfs(kernel("digest"))).isEqualTo(archive);
        assertThat(Files.getLastModifiedTime(archive)).isEqualTo(made);
        assertThat(Files.getAttribute(archive, "unix:ino")).isEqualTo(inode);
        try (var files = Files.list(archives)) {
            assertThat(files).containsExactly(archive);
        }
    }

    @Test
    void anotherAgentOrKernelGetsAnotherArchive() throws Exception {
        CpioInitramfs initramfs = new CpioInitramfs(agent, archives);
        Path first = initramfs.initramfs(kernel("digest"));
        Path otherKernel = initramfs.initramfs(kernel("another"));
        Files.writeString(agent, "a newer agent");
        Path otherAgent = initramfs.initramfs(kernel("digest"));

        assertThat(otherKernel).isNotEqualTo(first);
        assertThat(otherAgent).isNotEqualTo(first);
        assertThat(content(otherAgent, "init")).isEqualTo("a newer agent");
    }

    @Test
    void aMissingAgentIsNamed() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> new CpioInitramfs(directory.resolve("nowhere"), archives).initramfs(kernel("digest")))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                .withMessageContaining("nowhere");
    }

    private Kernel kernel(String digest) {
        return new Kernel(
                "debian",
                "6.1",
                digest,
                "test",
                0,
                Instant.EPOCH,
                directory,
                directory.resolve("vmlinux"),
                directory.resolve("modules.squashfs"),
                directory.resolve("boot"));
    }

    private static String content(Path archive, String name) throws IOException {
        try (CpioArchiveInputStream cpio = new CpioArchiveInputStream(Files.newInputStream(archive))) {
            CpioArchiveEntry entry = cpio.getNextEntry();
            while (entry != null && !entry.getName().equals(name)) {
                entry = cpio.getNextEntry();
            }
            return entry == null ? "" : new String(cpio.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        }
    }
}
