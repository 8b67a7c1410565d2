package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.ProgramRunner;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images go from one daemon to another, as files and through a catalog; no VM boots here. */
class DaemonExportTest {
    @TempDir
    private Path directory;

    private Path here;
    private Path there;

    @BeforeEach
    void twoHomes() throws IOException {
        here = Files.createDirectory(directory.resolve("here"));
        there = Files.createDirectory(directory.resolve("there"));
        new Ext4(new ProgramRunner(System.getenv())).make(directory.resolve("small.ext4"), 16 << 20, "small");
    }

    private static String ok(RunningDaemon daemon, Path in, String... command) throws IOException {
        RunningDaemon.Ended ended = daemon.runIn(in, List.of(), command);
        assertThat(ended.last().number()).as(ended.err()).isZero();
        return ended.out().strip();
    }

    private String refused(RunningDaemon daemon, int status, String... command) throws IOException {
        RunningDaemon.Ended ended = daemon.runIn(directory, List.of(), command);
        assertThat(ended.last().number()).isEqualTo(status);
        return ended.err();
    }

    private static String digest(RunningDaemon daemon, String image) throws IOException {
        return ok(daemon, Path.of("/"), "image", "show", "--json", image)
                .replaceFirst("(?s).*\"digest\" *: *\"([0-9a-f]{64})\".*", "$1");
    }

    private static Map<String, String> catalogs(String catalogs) {
        return Map.of("BANGER_DNS_PORT", "0", "BANGER_CATALOGS", catalogs);
    }

    private static void assertNothingIsHalfMade(RunningDaemon daemon) throws IOException {
        Path staging = daemon.places().staging();
        if (Files.exists(staging)) {
            try (Stream<Path> left = Files.list(staging)) {
                assertThat(left).isEmpty();
            }
        }
    }

    @Test
    void anImageGoesToAnotherDaemonAsAFile() throws IOException {
        String was;
        try (RunningDaemon daemon = RunningDaemon.in(here)) {
            ok(daemon, directory, "image", "register", "small", "--rootfs", "small.ext4");
            was = digest(daemon, "small");
            assertThat(ok(daemon, directory, "image", "export", "small", "out.tar"))
                    .matches("sha256:[0-9a-f]{64}");
            assertThat(refused(daemon, 125, "image", "export", "small", "out.tar"))
                    .contains("--replace");
            assertThat(refused(daemon, 125, "image", "export", "nosuch", "other.tar"))
                    .contains("there are: small");
            assertThat(daemon.http("POST", "/v1/images/small/export", "{\"path\":\"relative\"}"))
                    .startsWith("HTTP/1.1 202");
        }
        try (RunningDaemon daemon = RunningDaemon.in(there)) {
            assertThat(ok(daemon, directory, "image", "pull", "./out.tar")).isEqualTo("out");
            assertThat(ok(daemon, directory, "image", "pull", "--name", "mine", "./out.tar"))
                    .isEqualTo("mine");
            assertThat(digest(daemon, "mine")).isEqualTo(was);

            Files.write(directory.resolve("bad.tar"), Files.readAllBytes(directory.resolve("small.ext4")));
            assertThat(refused(daemon, 125, "image", "pull", "./bad.tar")).contains("bad.tar");
            assertThat(refused(daemon, 125, "image", "pull", "./nosuch.tar")).contains("there is no");
            assertNothingIsHalfMade(daemon);
        }
    }

    @Test
    void anImageIsFetchedByItsNameFromACatalog() throws IOException {
        String catalog;
        try (RunningDaemon daemon = RunningDaemon.in(here)) {
            ok(daemon, directory, "image", "register", "small", "--rootfs", "small.ext4");
            catalog = ok(daemon, directory, "image", "publish", "small", "www", "--key", "key", "--new-key");
            assertThat(catalog).startsWith(directory.resolve("www") + "#ed25519:");
            assertThat(ok(daemon, directory, "image", "ls", "--available", "--catalog", catalog))
                    .contains("small")
                    .contains(directory.resolve("www").toString());
        }
        HttpServer server = server(directory.resolve("www"));
        String address = "http://127.0.0.1:" + server.getAddress().getPort() + catalog.substring(catalog.indexOf('#'));
        try (RunningDaemon daemon = RunningDaemon.in(there, catalogs(address))) {
            assertThat(daemon.http("GET", "/v1/catalog", ""))
                    .startsWith("HTTP/1.1 200")
                    .contains("\"name\":\"small\"");
            assertThat(ok(daemon, directory, "image", "ls", "--available", "-q"))
                    .isEqualTo("small");
            assertThat(ok(daemon, directory, "image", "pull", "small")).isEqualTo("small");
            assertThat(refused(daemon, 125, "image", "pull", "nosuch")).contains("they have: small");
            assertThat(refused(daemon, 125, "vm", "create", "--image", "nosuch", "--no-start"))
                    .contains("there is no image \"nosuch\"")
                    .contains("there are: small");
            assertThat(ok(daemon, directory, "vm", "ls", "-q")).isEmpty();

            server.stop(0);
            assertThat(refused(daemon, 125, "image", "pull", "other")).contains("127.0.0.1");
            assertThat(ok(daemon, directory, "image", "pull", "small"))
                    .as("it is here")
                    .isEqualTo("small");
            assertNothingIsHalfMade(daemon);
        } finally {
            server.stop(0);
        }
    }

    private static HttpServer server(Path root) throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0), 0);
        server.createContext("/", exchange -> {
            Path file = root.resolve(exchange.getRequestURI().getPath().substring(1));
            try (exchange) {
                if (Files.isRegularFile(file)) {
                    byte[] bytes = Files.readAllBytes(file);
                    exchange.sendResponseHeaders(200, bytes.length);
                    exchange.getResponseBody().write(bytes);
                } else {
                    exchange.sendResponseHeaders(404, -1);
                }
            }
        });
        server.start();
        return server;
    }
}
