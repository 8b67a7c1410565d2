package dev.banger.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.BundleReport;
import dev.banger.api.ConfigQuery;
import dev.banger.api.ErrorCode;
import dev.banger.config.Bundle.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BundleTest {
    @TempDir
    private Path directory;

    private Path bundle = Path.of("/");

    @BeforeEach
    void someFiles() throws IOException {
        bundle = Files.createDirectory(directory.resolve("bundle"));
        Files.writeString(directory.resolve("outside"), "x");
        file("k");
        file("i");
        file("r.ext4");
        program("bin/firecracker-v1");
        program("bin/qemu-system-x86_64");
        program("bin/other");
        Files.createDirectories(bundle.resolve("m/6.1"));
        Files.createSymbolicLink(bundle.resolve("link"), directory.resolve("outside"));
    }

    private Path file(String name) throws IOException {
        Path file = bundle.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, name);
    }

    private void program(String name) throws IOException {
        Files.setPosixFilePermissions(file(name), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Bundle read(String json) throws IOException {
        Files.writeString(bundle.resolve("bundle.json"), json);
        return Bundle.read(bundle);
    }

    @Test
    void itNamesItsPartsRelativeToItself() throws IOException {
        Bundle read = read("""
                {
                  "version": 1,
                  "name": "lab",
                  "kernel": "k",
                  "initrd": "./i",
                  "modules": "m/6.1",
                  "rootfs": "m/../r.ext4",
                  "helpers": {"firecracker": "bin/firecracker-v1", "qemu": "bin/qemu-system-x86_64"}
                }
                """);

        assertThat(read.path(Part.KERNEL)).contains(bundle.resolve("k"));
        assertThat(read.path(Part.INITRD)).contains(bundle.resolve("i"));
        assertThat(read.path(Part.MODULES)).contains(bundle.resolve("m/6.1"));
        assertThat(read.path(Part.ROOTFS)).contains(bundle.resolve("r.ext4"));
        assertThat(read.path(Part.FIRECRACKER)).contains(bundle.resolve("bin/firecracker-v1"));
        assertThat(read.path(Part.QEMU)).contains(bundle.resolve("bin/qemu-system-x86_64"));
        assertThat(read.publishedName()).matches("lab-[0-9a-f]{8}");
        BundleReport report = report();
        assertThat(report.described()).isTrue();
        assertThat(report.kernel()).isEqualTo(read.publishedName()).isEqualTo(report.image());
        assertThat(report.parts())
                .contains(new BundleReport.Part(
                        "kernel", bundle.resolve("k").toString(), bundle.resolve("bundle.json") + ":4"))
                .hasSize(6);
    }

    /** The place is that of the key. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'{\n \"kernel\": 7}' | 2:2 | kernel is a path below the bundle's directory, not 7",
                "'{\n \"kernel\": null}' | 2:2 | kernel is a path below",
                "'{\n \"kernel\": \"\"}' | 2:2 | kernel is a path below",
                "'{\n \"kernel\": [\"k\"]}' | 2:2 | kernel is a path below the bundle's directory, not a list",
                "'{\n \"kernel\": \"missing\"}' | 2:2 | kernel: there is no",
                "'{\n \"kernel\": \"m\"}' | 2:2 | is no file",
                "'{\n \"kernel\": \"/etc/hostname\"}' | 2:2 | kernel: \"/etc/hostname\" leads out of the bundle",
                "'{\n \"kernel\": \"../outside\"}' | 2:2 | leads out of the bundle",
                "'{\n \"kernel\": \"link\"}' | 2:2 | is a link that leads out of the bundle",
                "'{\n \"kernel\": \".\"}' | 2:2 | leads out of the bundle",
                "'{\n \"kernal\": \"k\"}' | 2:2 | there is no key \"kernal\"; did you mean kernel?",
                "'{\n \"zebra\": 1}' | 2:2 | there are kernel, initrd, modules, rootfs, helpers, name, version",
                "'{\n \"modules\": \"m/6.1\"}' | 2:2 | modules belongs to a kernel",
                "'{\"kernel\": \"k\",\n \"modules\": \"i\"}' | 2:2 | is no directory of modules",
                "'{\n \"initrd\": \"i\"}' | 2:2 | initrd belongs to a kernel",
                "'{\n \"rootfs\": \"none\"}' | 2:2 | rootfs: there is no",
                "'{\n \"helpers\": \"bin\"}' | 2:2 | helpers is an object",
                "'{\"helpers\": {\n \"firecraker\": \"bin/firecracker-v1\"}}' | 2:2 | there is no helper \"firecraker\"; did you mean firecracker?",
                "'{\"helpers\": {\n \"firecracker\": \"k\"}}' | 2:2 | helpers.firecracker: ",
                "'{\"helpers\": {\n \"qemu\": \"bin/other\"}}' | 2:2 | is not named qemu-system-",
                "'{\n \"version\": 2}' | 2:2 | version is 1",
                "'{\n \"version\": \"1\"}' | 2:2 | version is 1, the one this banger knows, not \"1\"",
                "'{\n \"name\": \"A B\"}' | 2:2 | name is 1 to 40 lower-case letters",
                "'{}' | 1:1 | names nothing",
                "'[]' | 1:1 | is an object",
                "'{\n \"kernel\": \"k\",\n}' | 3:1 | expected a key in quotes",
                "'{\n \"kernel\": \"k\"\n \"rootfs\": \"r\"}' | 3:2 | expected \",\" or \"}\"",
                "'{\n \"kernel\": \"k\",\n \"kernel\": \"i\"}' | 3:2 | \"kernel\" is there already",
                "'{\n kernel: \"k\"}' | 2:2 | expected a key in quotes",
                "'{\n \"kernel\": k}' | 2:12 | expected a value",
                "'{\n \"kernel\": \"k' | 2:14 | expected the end of a text in quotes, found the end",
                "'{\n \"kernel\": \"\\x\"}' | 2:14 | expected an escape",
                "'{\"name\": \"a\"}\n {' | 2:2 | expected nothing more",
                "'' | 1:1 | expected a value, found the end",
            })
    void whatIsWrongIsToldWithFileKeyAndLine(String json, String place, String message) {
        assertThatThrownBy(() -> read(json))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
                .hasMessageContaining(bundle.resolve("bundle.json") + ":" + place + ": ")
                .hasMessageContaining(message);
    }

    @Test
    void nestingThatHasNoEndIsRefused() {
        assertThatThrownBy(() -> read("[".repeat(100_000))).hasMessageContaining("expected no deeper nesting");
    }

    @Test
    void allThatIsWrongIsToldAtOnceAndTheRestIsShown() throws IOException {
        Files.writeString(
                bundle.resolve("bundle.json"),
                "{\"kernel\": \"k\", \"rootfs\": 1, \"helpers\": {\"gdb\": \"k\"}, \"x\": 1}");

        BundleReport report = report();

        assertThat(report.problems()).hasSize(3);
        assertThat(report.parts()).extracting(BundleReport.Part::key).containsExactly("kernel");
        assertThat(report.image()).isNull();
    }

    @Test
    void withoutItsFileTheOlderLayoutIsRead() throws IOException {
        for (String name : List.of(
                "boot/vmlinuz-6.1.0-1", "boot/vmlinuz-6.1.0-2", "boot/initrd.img-6.1.0-2", "rootfs-docker.ext4")) {
            file(name);
        }
        Files.createDirectories(bundle.resolve("lib/modules/6.1.0-2"));
        program("firecracker");

        Bundle read = Bundle.read(bundle);

        assertThat(read.path(Part.KERNEL)).contains(bundle.resolve("boot/vmlinuz-6.1.0-2"));
        assertThat(read.path(Part.INITRD)).contains(bundle.resolve("boot/initrd.img-6.1.0-2"));
        assertThat(read.path(Part.MODULES)).contains(bundle.resolve("lib/modules/6.1.0-2"));
        assertThat(read.path(Part.ROOTFS)).contains(bundle.resolve("rootfs-docker.ext4"));
        assertThat(read.path(Part.FIRECRACKER)).contains(bundle.resolve("firecracker"));
        assertThat(read.path(Part.QEMU)).contains(bundle.resolve("bin/qemu-system-x86_64"));
        BundleReport report = report();
        assertThat(report.described()).isFalse();
        assertThat(report.parts().getFirst().origin()).isEqualTo("the older layout, boot/vmlinuz-*");
    }

    @Test
    void theOlderLayoutTakesNothingThatLeadsOut() throws IOException {
        Files.createSymbolicLink(bundle.resolve("vmlinux"), directory.resolve("outside"));
        file("vmlinuz");

        assertThat(Bundle.read(bundle).path(Part.KERNEL)).contains(bundle.resolve("vmlinuz"));
    }

    @Test
    void aDirectoryThatIsNoneIsRefused() throws IOException {
        Path empty = Files.createDirectory(directory.resolve("empty"));

        assertThatThrownBy(() -> Bundle.read(empty)).hasMessageContaining("is no runtime bundle");
        assertThatThrownBy(() -> Bundle.read(directory.resolve("none"))).hasMessageContaining("there is no directory");
    }

    @Test
    void whatIsMadeFromItHasAnotherNameWhenAFileIsAnotherOne() throws IOException {
        String name = read("{\"kernel\": \"k\"}").publishedName();

        assertThat(Bundle.read(bundle).publishedName()).isEqualTo(name);
        Files.setLastModifiedTime(bundle.resolve("k"), FileTime.fromMillis(1));
        assertThat(Bundle.read(bundle).publishedName()).isNotEqualTo(name).startsWith("bundle-");
    }

    private BundleReport report() {
        return Configuration.open(Places.of(Map.of("BANGER_HOME", "/nonexistent")), Map.of())
                .bundle(new ConfigQuery(null, Map.of(), bundle.toString()));
    }

    @Test
    void theOneThatIsConfiguredIsTheCallersElseTheFiles() throws IOException {
        Places places =
                Places.of(Map.of("BANGER_HOME", directory.resolve("home").toString()));
        Files.createDirectories(places.config());
        Configuration none = Configuration.open(places, Map.of());
        assertThatThrownBy(() -> none.bundle(new ConfigQuery(null, Map.of(), null)))
                .hasMessageContaining("BANGER_RUNTIME_DIR");
        Files.writeString(places.configFile(), "[vm]\nruntime_dir = \"" + bundle + "\"");
        Configuration configured = Configuration.open(places, Map.of());

        BundleReport inFile = configured.bundle(new ConfigQuery(null, Map.of(), null));
        assertThat(inFile.directory()).isEqualTo(bundle.toString());
        assertThat(inFile.origin()).isEqualTo(places.configFile() + ":2");
        BundleReport inEnvironment =
                configured.bundle(new ConfigQuery(null, Map.of("BANGER_RUNTIME_DIR", "/other"), null));
        assertThat(inEnvironment.directory()).isEqualTo("/other");
        assertThat(inEnvironment.origin()).isEqualTo("BANGER_RUNTIME_DIR");
        assertThat(configured.atStart().flatMap(its -> its.path("helpers.qemu")))
                .contains(bundle.resolve("bin/qemu-system-x86_64").toString());
    }
}
