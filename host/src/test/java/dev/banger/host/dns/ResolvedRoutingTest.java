package dev.banger.host.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.host.linux.ProgramRunner;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a resolvectl that writes down what it is asked. */
class ResolvedRoutingTest {
    @TempDir
    private Path directory;

    private Path calls;
    private Path runtime;
    private ResolvedRouting routing;

    @BeforeEach
    void aHostWithResolved() throws IOException {
        calls = directory.resolve("calls");
        runtime = Files.createDirectory(directory.resolve("resolve"));
        Files.createDirectories(directory.resolve("net/banger0"));
        Files.createFile(runtime.resolve("stub-resolv.conf"));
        resolvectl("exit 0");
        routing = new ResolvedRouting(
                new ProgramRunner(Map.of("PATH", directory.resolve("bin") + ":/usr/bin:/bin")),
                runtime,
                directory.resolve("net"));
    }

    private void resolvectl(String end) throws IOException {
        Path program = Files.createDirectories(directory.resolve("bin")).resolve("resolvectl");
        Files.writeString(program, "#!/bin/sh\necho \"$@\" >>'" + calls + "'\n" + end + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private List<String> calls() throws IOException {
        return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }

    private static InetSocketAddress server(String address, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(address), port);
    }

    @Test
    void theDomainAloneIsRoutedToTheServer() throws IOException {
        routing.route("banger0", server("172.30.0.1", 53));

        assertThat(calls())
                .containsExactly(
                        "dns banger0 172.30.0.1",
                        "domain banger0 ~vm",
                        "default-route banger0 false",
                        "dnssec banger0 no",
                        "dnsovertls banger0 no");
    }

    @Test
    void aPortIsPassedOn_P54() throws IOException {
        routing.route("banger0", server("127.0.0.1", 42069));
        routing.route("banger0", server("::1", 42069));

        assertThat(calls()).contains("dns banger0 127.0.0.1:42069", "dns banger0 [0:0:0:0:0:0:0:1]:42069");
    }

    @Test
    void aRouteThatFailsHalfWayIsRevertedAndSaid() throws IOException {
        resolvectl("case $1 in default-route) echo 'Access denied' >&2; exit 1;; esac");

        assertThatThrownBy(() -> routing.route("banger0", server("172.30.0.1", 53)))
                .isInstanceOf(BangerException.class)
                .hasMessageContaining("Access denied");
        assertThat(calls()).last().isEqualTo("revert banger0");
    }

    @Test
    void revertingTwiceOrWithoutTheLinkIsHarmless() throws IOException {
        routing.revert("banger0");
        routing.revert("banger0");
        routing.revert("gone0");

        assertThat(calls()).containsExactly("revert banger0", "revert banger0");
    }

    @Test
    void itIsAvailableWhileResolvedRuns() throws IOException {
        assertThat(routing.isAvailable()).isTrue();
        Files.delete(runtime.resolve("stub-resolv.conf"));
        assertThat(routing.isAvailable()).isFalse();
        assertThat(calls()).isEmpty();
    }
}
