package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** VMs of a runtime bundle: kernel, modules and root file system of a directory that has nothing to do with banger's own. */
@Order(46)
class BundleTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("bundle");

    @TempDir
    private Path directory;

    private final Banger banger = HOME.banger();
    private String version = "";

    /** In the older layout. */
    @BeforeEach
    void aBundle() throws Exception {
        Path kernel = HOME.path().resolve("cache/kernels/debian");
        version = Outcome.text(
                (Map<String, Object>) asObject(Files.readString(kernel.resolve("kernel.json"))), "version");
        Files.createDirectories(directory.resolve("boot"));
        Files.createDirectories(directory.resolve("lib/modules"));
        Files.copy(kernel.resolve("vmlinuz"), directory.resolve("boot/vmlinuz-" + version));
        run(
                "unsquashfs",
                "-quiet",
                "-no-progress",
                "-d",
                directory.resolve("lib/modules").resolve(version).toString(),
                kernel.resolve("modules.squashfs").toString());
        run(
                "cp",
                "--sparse=always",
                HOME.path().resolve("cache/images/debian/rootfs").toString(),
                directory.resolve("rootfs.ext4").toString());
    }

    @AfterEach
    void deleteVms() {
        HOME.deleteVms();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> asObject(String json) {
        return (Map<String, Object>) Outcome.parse(json);
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor()).as(List.of(command).toString()).isZero();
    }

    @Test
    void theOlderLayoutMakesAVmAndTheNextOneNeedsTheBundleNoMore() {
        Outcome first = banger.run(
                        "vm", "run", "--name", "first", "--runtime-dir", directory.toString(), "--", "uname", "-r")
                .expect(0);

        assertThat(first.line()).isEqualTo(version);
        String made = Outcome.text(banger.show("first"), "image");
        assertThat(made).matches("bundle-[0-9a-f]{8}");
        assertThat(banger.show("first")).containsEntry("kernel", made);
        assertThat(banger.shell("first", "find /lib/modules/" + version + " -name 'overlay.ko*' | wc -l"))
                .isEqualTo("1");

        Trees.delete(directory.resolve("boot"));
        Trees.delete(directory.resolve("lib"));
        assertThat(banger.run("vm", "run", "--rm", "--image", made, "--kernel", made, "--", "uname", "-r")
                        .expect(0)
                        .line())
                .isEqualTo(version);
    }

    @Test
    void whatBundleJsonNamesIsUsedAndAnInitrdsOwnInitIsNot() throws Exception {
        Files.move(directory.resolve("boot/vmlinuz-" + version), directory.resolve("the-kernel"));
        Path early = Files.createDirectory(directory.resolve("early"));
        Files.writeString(early.resolve("init"), "#!/bin/false\n");
        run("sh", "-c", "cd " + early + " && echo init | cpio -o -H newc --quiet | gzip >../early.img");
        Files.writeString(directory.resolve("bundle.json"), """
                {
                  "name": "lab",
                  "kernel": "the-kernel",
                  "initrd": "early.img",
                  "modules": "lib/modules",
                  "rootfs": "rootfs.ext4"
                }
                """);
        Banger within = banger.with("BANGER_RUNTIME_DIR", directory.toString());

        assertThat(within.ok("bundle", "show").out())
                .contains("named by BANGER_RUNTIME_DIR", directory.resolve("bundle.json") + ":3");
        Outcome ran = within.run("vm", "run", "--rm", "--cold", "--", "sh", "-c", "uname -r; cat /proc/modules | wc -l")
                .expect(0);

        assertThat(ran.lines().getFirst()).isEqualTo(version);
        assertThat(Integer.parseInt(ran.lines().getLast())).isPositive();
        assertThat(banger.ok("image", "ls").out()).contains("lab-");
    }

    @Test
    void aBrokenOneIsToldWithPlacesAndMakesNothing() throws IOException {
        Path file = Files.writeString(
                directory.resolve("bundle.json"), "{\n  \"kernel\": \"boot/none\",\n  \"rotfs\": \"x\"\n}");

        Outcome refused = banger.run("vm", "run", "--rm", "--runtime-dir", directory.toString(), "--", "true")
                .expect(2);

        assertThat(refused.stderr())
                .contains(file + ":2:3: kernel: there is no", file + ":3:3: ", "did you mean rootfs?");
        HOME.assertNoVmIsLeft();
    }
}
