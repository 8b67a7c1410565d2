package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestSettingsTest {
    @TempDir
    Path tree;

    @BeforeEach
    void aFreshlyInstalledSystem() throws IOException {
        write("etc/ssh/ssh_host_rsa_key", "secret");
        write("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n");
        write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        write("etc/apt/sources.list.d/0000host.sources", "URIs: http://mirror.of.the.host.test/debian\n");
        write("etc/apt/apt.conf.d/99mmdebstrap", "Acquire::http::Proxy \"http://proxy.of.the.host.test\";\n");
        write("etc/hostname", "the-host\n");
        write("etc/systemd/system/multi-user.target.wants/ssh.service", "");
        write("var/log/dpkg.log", "log");
        new GuestSettings(tree).apply("deb http://mirror.test/debian bookworm main\n");
    }

    /** JUnit removes them too, but with a warning for each that leads out of the temporary directory. */
    @AfterEach
    void removeTheLinksOutOfTheTree() throws IOException {
        try (var files = Files.walk(tree)) {
            for (Path link : files.filter(Files::isSymbolicLink).toList()) {
                Files.delete(link);
            }
        }
    }

    @Test
    void nothingOfTheBuildersMachineIsLeft() {
        assertThat(tree.resolve("etc/ssh/ssh_host_rsa_key")).doesNotExist();
        assertThat(tree.resolve("etc/machine-id")).isEmptyFile();
        assertThat(tree.resolve("etc/apt/sources.list.d")).isEmptyDirectory();
        assertThat(tree.resolve("etc/apt/apt.conf.d/99mmdebstrap")).doesNotExist();
        assertThat(tree.resolve("etc/hostname")).hasContent("banger");
        assertThat(tree.resolve("etc/resolv.conf")).isEmptyFile();
        assertThat(tree.resolve("var/log/dpkg.log")).doesNotExist();
    }

    @Test
    void packagesComeFromWhereTheHostGetsThem() {
        assertThat(tree.resolve("etc/apt/sources.list")).hasContent("deb http://mirror.test/debian bookworm main");
    }

    @Test
    void sshStartsWithItsFirstConnectionAndTakesKeysOnly() throws IOException {
        assertThat(tree.resolve("etc/systemd/system/multi-user.target.wants/ssh.service"))
                .doesNotExist();
        assertThat(Files.readSymbolicLink(tree.resolve("etc/systemd/system/sockets.target.wants/ssh.socket")))
                .isEqualTo(Path.of("/lib/systemd/system/ssh.socket"));
        assertThat(tree.resolve("etc/ssh/sshd_config.d/banger.conf"))
                .content()
                .contains("PasswordAuthentication no\n", "PermitRootLogin prohibit-password\n");
    }

    @Test
    void sshdFindsItsDirectory_P21() {
        assertThat(tree.resolve("etc/tmpfiles.d/sshd.conf")).hasContent("d /run/sshd 0755 root root\n");
    }

    @Test
    void noDeviceUnitIsMasked_P19() throws IOException {
        try (var units = Files.list(tree.resolve("etc/systemd/system"))) {
            assertThat(units.map(unit -> unit.getFileName().toString()))
                    .contains("apt-daily.timer")
                    .noneMatch(unit -> unit.endsWith(".device") || unit.contains("udev"));
        }
    }

    @Test
    void modesDoNotDependOnTheUmask_P22() throws IOException {
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(tree.resolve("etc/ssh/sshd_config.d/banger.conf"))))
                .isEqualTo("rw-r--r--");
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(tree.resolve("etc/systemd/journald.conf.d"))))
                .isEqualTo("rwxr-xr-x");
    }

    @Test
    void aLinkInTheTreeIsReplacedAndNotFollowed_P83(@TempDir Path outside) throws IOException {
        Path host = Files.writeString(outside.resolve("resolv.conf"), "nameserver 192.0.2.1\n");
        Files.delete(tree.resolve("etc/resolv.conf"));
        Files.createSymbolicLink(tree.resolve("etc/resolv.conf"), host);

        new GuestSettings(tree).apply("deb http://mirror.test/debian bookworm main\n");

        assertThat(host).hasContent("nameserver 192.0.2.1");
        assertThat(tree.resolve("etc/resolv.conf")).isRegularFile();
    }

    private void write(String name, String content) throws IOException {
        Path file = tree.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }
}
