package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Kernels beside the usual one. */
@Order(48)
class KernelTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("kernel");

    private final Banger banger = HOME.banger();
    private final Path directory = HOME.path().resolve("Kernel");
    private String version = "";

    /** Debian's, as it lies on a host. */
    @BeforeAll
    void aKernelOnTheHost() throws Exception {
        Path usual = HOME.path().resolve("cache/kernels/debian");
        version = Outcome.text(banger.ok("kernel", "show", "--json", "debian").object(), "version");
        Files.createDirectories(directory.resolve("boot"));
        Files.createDirectories(directory.resolve("lib/modules"));
        Files.copy(usual.resolve("vmlinuz"), directory.resolve("boot/vmlinuz-" + version));
        Call.program(
                        "unsquashfs",
                        "-quiet",
                        "-no-progress",
                        "-d",
                        directory.resolve("lib/modules").resolve(version).toString(),
                        usual.resolve("modules.squashfs").toString())
                .run()
                .expect(0);
    }

    @Test
    void oneOfTheHostIsImportedAndBoots() {
        assertThat(banger.ok("kernel", "import", "--from", directory.toString()).line())
                .isEqualTo("kernel");

        assertThat(banger.ok("kernel", "show", "kernel").out()).contains(version, directory.toString());
        assertThat(banger.ok(
                                "vm",
                                "run",
                                "--rm",
                                "--cold",
                                "--kernel",
                                "kernel",
                                "--",
                                "sh",
                                "-c",
                                "uname -r; modinfo -n overlay")
                        .lines())
                .first()
                .isEqualTo(version);
        assertThat(banger.run("kernel", "import", "--from", directory.toString())
                        .expect(125)
                        .stderr())
                .contains("--replace");
        banger.ok("kernel", "import", "--from", directory.toString(), "--replace");
    }

    @Test
    void whatCannotBootIsRefusedWithTheReasonAndLeavesNothing() throws Exception {
        Path other = HOME.path().resolve("other");
        Files.createDirectories(other.resolve("lib/modules"));
        assertThat(refused(other)).contains("is no runtime bundle");
        Path kernel = Files.writeString(other.resolve("vmlinuz"), "no kernel");
        assertThat(refused(other)).contains(kernel + " has no x86 boot header");

        Files.copy(directory.resolve("boot/vmlinuz-" + version), kernel, StandardCopyOption.REPLACE_EXISTING);
        Path foreign = Files.createDirectory(other.resolve("lib/modules/9.9"));
        assertThat(refused(other)).contains(foreign + " is no directory of modules");
        Path module = Path.of(Call.program("find", directory.toString(), "-name", "virtio_blk.ko")
                .run()
                .expect(0)
                .line());
        Files.copy(module, foreign.resolve("virtio_blk.ko"));
        Files.writeString(foreign.resolve("modules.builtin"), "");
        assertThat(refused(other)).contains("virtio");
        String bytes = Files.readString(module, StandardCharsets.ISO_8859_1);
        Files.writeString(
                foreign.resolve("virtio_blk.ko"),
                bytes.replace("vermagic=" + version.charAt(0), "vermagic=9"),
                StandardCharsets.ISO_8859_1);
        assertThat(refused(other)).contains("are for kernel 9", kernel + " is " + version);

        try (RandomAccessFile file = new RandomAccessFile(kernel.toFile(), "rw")) {
            file.seek(file.length() / 2);
            file.write(new byte[4096]);
        }
        assertThat(refused(other)).contains(kernel + " is damaged");
        assertThat(Trees.names(HOME.path().resolve("cache/staging"))).isEmpty();
        assertThat(Trees.names(HOME.path().resolve("cache/kernels"))).noneMatch(name -> name.contains("bad"));
    }

    private String refused(Path from) {
        Outcome outcome = banger.run("kernel", "import", "--from", from.toString(), "--name", "bad");
        assertThat(outcome.status()).as(outcome.toString()).isNotZero();
        return outcome.stderr();
    }

    @Test
    void theVersionsOfDebiansArchiveAreListedAndOneIsPinned() {
        List<String> available = banger.ok("kernel", "ls", "--available", "-q").lines();
        assertThat(available).isNotEmpty().allMatch(release -> release.endsWith("-cloud-amd64"));
        String oldest = available.getLast();
        String wanted = oldest.replace("-cloud-amd64", "");

        String name = banger.ok("kernel", "pull", "debian", "--version", wanted).line();

        assertThat(name).isEqualTo("debian-" + wanted.replace('+', '-'));
        assertThat(banger.ok("vm", "run", "--rm", "--cold", "--kernel", name, "--", "uname", "-r")
                        .line())
                .isEqualTo(oldest);
        assertThat(banger.run("kernel", "pull", "debian", "--version", "0.9")
                        .expect(125)
                        .stderr())
                .contains(oldest.substring(0, 3), "kernel ls --available");
        assertThat(banger.run("kernel", "ls", "--available", "--suite", "nosuchsuite")
                        .stderr())
                .contains("no suite nosuchsuite");
    }
}
