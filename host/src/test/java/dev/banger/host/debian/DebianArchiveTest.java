package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebianArchiveTest {
    @TempDir
    Path root;

    @Test
    void theHostsDebianSourcesAreUsedAndNobodyElses() throws Exception {
        write("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
        write("etc/apt/sources.list.d/debian.sources", """
                Types: deb
                URIs: http://mirror.test/debian
                Suites: bookworm bookworm-updates bookworm-backports
                Components: main contrib non-free
                Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
                """);
        write("etc/apt/sources.list.d/vendor.list", """
                deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.test/debian bookworm main
                deb https://download.test/linux/debian bookworm stable
                """);
        write(
                "etc/apt/sources.list.d/security.list",
                "deb http://mirror.test/debian-security bookworm-security main\n");

        DebianArchive archive = DebianArchive.of(root);

        assertThat(archive.suite()).isEqualTo("bookworm");
        assertThat(archive.sourcesFile()).isEqualTo("""
                Types: deb
                URIs: http://mirror.test/debian
                Suites: bookworm bookworm-updates
                Components: main
                Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

                Types: deb
                URIs: http://mirror.test/debian-security
                Suites: bookworm-security
                Components: main
                """);
    }

    @Test
    void theHostsReleaseIsChosenAmongSeveral() throws Exception {
        write("etc/os-release", "ID=debian\nVERSION_CODENAME=\"trixie\"\n");
        write("etc/apt/sources.list", """
                deb http://mirror.test/debian sid main
                deb http://mirror.test/debian trixie main
                """);

        DebianArchive archive = DebianArchive.of(root);

        assertThat(archive.suite()).isEqualTo("trixie");
        assertThat(archive.sourcesFile()).contains("Suites: trixie\n").doesNotContain("sid");
    }

    @Test
    void theGuestsListNamesEverySuiteOfTheHostsSources() throws Exception {
        write("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
        write(
                "etc/apt/sources.list",
                "deb http://mirror.test/debian bookworm main\ndeb http://mirror.test/debian-security bookworm-security main\n");

        assertThat(DebianArchive.of(root).sourcesList()).isEqualTo("""
                deb http://mirror.test/debian bookworm main
                deb http://mirror.test/debian-security bookworm-security main
                """);
    }

    @Test
    void anotherSuiteHasTheSameMirrorsAndKeys() throws Exception {
        write("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
        write("etc/apt/sources.list", """
                deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.test/debian bookworm main
                deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.test/debian bookworm-updates main
                deb http://mirror.test/debian-security bookworm-security main
                """);
        DebianArchive archive = DebianArchive.of(root);

        assertThat(archive.at("trixie").sourcesList()).isEqualTo("""
                deb http://mirror.test/debian trixie main
                deb http://mirror.test/debian trixie-updates main
                deb http://mirror.test/debian-security trixie-security main
                """);
        assertThat(archive.at("bookworm-backports").sourcesFile())
                .contains("Suites: bookworm-backports\n", "Signed-By: ")
                .doesNotContain("debian-security", "-updates");
        assertThat(archive.at("sid").sourcesList()).isEqualTo("deb http://mirror.test/debian sid main\n");
        assertThat(archive.at(null)).isEqualTo(archive);
    }

    @Test
    void anotherVendorsArchiveIsNotDebians() throws Exception {
        write("etc/os-release", "ID=ubuntu\nVERSION_CODENAME=noble\n");
        write("etc/apt/sources.list", "deb http://archive.ubuntu.test/ubuntu noble main\n");
        assertThatExceptionOfType(BangerException.class).isThrownBy(() -> DebianArchive.of(root));
    }

    @Test
    void aHostWithoutDebianSourcesIsToldWhatToDo() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> DebianArchive.of(root))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                .withMessageContaining("the package debian-archive-keyring");
    }

    private void write(String name, String content) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }
}
