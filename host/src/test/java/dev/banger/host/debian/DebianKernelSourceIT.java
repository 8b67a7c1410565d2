package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.kernel.KernelSource.Fetched;
import dev.banger.operation.Progress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fetches the real kernel from Debian's archive: some seconds and 35 MB. */
class DebianKernelSourceIT {
    private final ProgramRunner programs = new ProgramRunner(System.getenv());

    @TempDir
    Path directory;

    @Test
    void theCloudKernelIsFetchedWholeAndReproducibly() throws Exception {
        Path one = Files.createDirectory(directory.resolve("one"));
        Path two = Files.createDirectory(directory.resolve("two"));
        Path hostLists = Path.of("/var/lib/apt/lists");
        var before = Files.getLastModifiedTime(hostLists);

        Fetched fetched = new DebianKernels(programs).kernel(null, null).fetch(one, Progress.none());
        new DebianKernels(programs).kernel(null, null).fetch(two, Progress.none());

        assertThat(fetched.version()).matches("[0-9].*-cloud-amd64");
        assertThat(fetched.source()).startsWith("Debian linux-image-" + fetched.version() + " ");
        try (var files = Files.list(one)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("vmlinuz", "vmlinux", "modules.squashfs", "boot");
        }
        ByteBuffer elf =
                ByteBuffer.wrap(Files.readAllBytes(one.resolve("vmlinux"))).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(elf.getInt(0)).isEqualTo(0x464c457f);
        for (String file : List.of("vmlinux", "modules.squashfs", "boot/modules.load", "boot/virtio.ko")) {
            assertThat(two.resolve(file)).hasSameBinaryContentAs(one.resolve(file));
        }
        assertThat(Files.getLastModifiedTime(hostLists)).isEqualTo(before);
    }

    @Test
    void theModulesDriveHasAnIndexThatEveryoneCanRead() throws Exception {
        Path staging = Files.createDirectory(directory.resolve("staging"));

        new DebianKernels(programs).kernel(null, null).fetch(staging, Progress.none());

        String listing = programs.run(Program.of(
                        Duration.ofMinutes(1),
                        "unsquashfs",
                        "-lls",
                        staging.resolve("modules.squashfs").toString()))
                .text();
        assertThat(listing.lines())
                .anyMatch(line -> line.startsWith("-rw-r--r-- root/root") && line.endsWith("squashfs-root/modules.dep"))
                .anyMatch(line -> line.startsWith("drwxr-xr-x root/root") && line.endsWith("squashfs-root/kernel/fs"));
    }
}
