package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.KernelVersion;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The host's apt, and an archive of a few packages that lies in a directory. */
class DebianKernelsTest {
    @TempDir
    private Path directory;

    private final ProgramRunner programs = new ProgramRunner(Map.of("PATH", "/usr/bin:/bin"));
    private Path host = Path.of("/");

    @BeforeEach
    void anArchiveAndAHostThatUsesIt() throws IOException {
        host = directory.resolve("host");
        Files.createDirectories(host.resolve("etc/apt"));
        Files.writeString(host.resolve("etc/os-release"), "ID=debian\nVERSION_CODENAME=bookworm\n");
        Path archive = directory.resolve("debian");
        Files.writeString(
                host.resolve("etc/apt/sources.list"), "deb [trusted=yes] file:" + archive + " bookworm main\n");
        suite(
                archive,
                "bookworm",
                """
                Package: linux-image-cloud-amd64
                Version: 6.1.10-1
                Architecture: amd64
                Depends: linux-image-6.1.0-10-cloud-amd64 (= 6.1.10-1)
                Filename: a.deb
                Size: 1400

                """ + image("6.1.0-9-cloud-amd64", "6.1.9-2") + image("6.1.0-10-cloud-amd64", "6.1.10-1")
                        + image("6.1.0-10-rt-amd64", "6.1.10-1") + image("6.1.0-10-cloud-amd64-dbg", "6.1.10-1")
                        + image("6.1.0-10-cloud-amd64-unsigned", "6.1.10-1"));
        suite(archive, "bookworm-backports", """
                Package: linux-image-cloud-amd64
                Version: 6.12.3-1
                Architecture: amd64
                Depends: linux-image-6.12.3+deb12-cloud-amd64 (= 6.12.3-1)
                Filename: a.deb
                Size: 1400

                Package: linux-image-6.12-cloud-amd64
                Version: 6.12.3-1
                Architecture: amd64
                Depends: linux-image-6.12.3+deb12-cloud-amd64 (= 6.12.3-1)
                Filename: a.deb
                Size: 1400

                """ + image("6.12.3+deb12-cloud-amd64", "6.12.3-1"));
    }

    private static String image(String release, String version) {
        return "Package: linux-image-" + release + "\nVersion: " + version
                + "\nArchitecture: amd64\nDepends: kmod, linux-base (>= 4.3~)\nFilename: " + release
                + ".deb\nSize: 26000000\n\n";
    }

    private static void suite(Path archive, String name, String packages) throws IOException {
        Path suite = archive.resolve("dists").resolve(name);
        Files.createDirectories(suite.resolve("main/binary-amd64"));
        Files.writeString(suite.resolve("main/binary-amd64/Packages"), packages);
        Files.writeString(suite.resolve("Release"), "Suite: " + name + "\nComponents: main\nArchitectures: amd64\n");
    }

    private List<KernelVersion> versions(String suite) throws IOException {
        return new DebianKernels(programs, host)
                .versions(suite, Files.createTempDirectory(directory, "scratch"), Progress.none());
    }

    @Test
    void theKernelsOfTheHostsReleaseAreListedNewestFirst() throws IOException {
        assertThat(versions("bookworm"))
                .containsExactly(
                        new KernelVersion("6.1.0-10-cloud-amd64", "6.1.10-1", 26_000_000, true),
                        new KernelVersion("6.1.0-9-cloud-amd64", "6.1.9-2", 26_000_000, false));
    }

    @Test
    void anotherSuiteOfTheSameMirrorHasOthers() throws IOException {
        assertThat(versions("bookworm-backports"))
                .containsExactly(new KernelVersion("6.12.3+deb12-cloud-amd64", "6.12.3-1", 26_000_000, true));
    }

    @Test
    void aSuiteThatTheMirrorLacksIsSaidToBeMissing() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> versions("nosuite"))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND))
                .withMessageContaining("nosuite");
    }

    @Test
    void aVersionIsFoundByItsReleaseOrItsPackagesVersion() throws IOException {
        PrivateApt apt = new PrivateApt(programs, Files.createTempDirectory(directory, "apt"));
        apt.update(DebianArchive.of(host), Progress.none());

        for (String version : List.of("6.1.0-9", "6.1.0-9-cloud-amd64", "6.1.9-2")) {
            assertThat(DebianKernels.resolve(apt, version).packageName()).isEqualTo("linux-image-6.1.0-9-cloud-amd64");
        }
        assertThat(DebianKernels.resolve(apt, null).release()).isEqualTo("6.1.0-10-cloud-amd64");
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> DebianKernels.resolve(apt, "5.10"))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND))
                .withMessageContaining("6.1.0-10-cloud-amd64, 6.1.0-9-cloud-amd64")
                .withMessageContaining("kernel ls --available");
    }
}
