package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Images and kernels that were carried elsewhere run there. */
@Order(38)
class ExportTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("export");

    private final Banger banger = HOME.banger();
    private final Path work = HOME.path().resolve("work");
    private final Path www = work.resolve("www");
    private HttpServer server;

    @BeforeAll
    void aSmallImageAndAWebServer() throws IOException {
        Files.createDirectories(www);
        Path root = HOME.path().resolve("root");
        BusyboxTest.makeRoot(root);
        Files.writeString(root.resolve("etc/carried"), "all the way");
        banger.ok("image", "build", "directory", "--name", "tiny", "--path", root.toString());
        server = SimpleFileServer.createFileServer(
                new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0),
                www,
                SimpleFileServer.OutputLevel.NONE);
        server.start();
    }

    @AfterAll
    void noWebServer() {
        if (server != null) {
            server.stop(0);
        }
    }

    private Outcome cat(String... options) {
        List<String> words =
                new ArrayList<>(List.of("vm", "run", "--rm", "-q", "--memory", "128M", "--disk-size", "64M"));
        words.addAll(List.of(options));
        words.addAll(List.of("--", "cat", "/etc/carried"));
        return banger.call(words).run();
    }

    @Test
    void aVmRunsAnImageThatCameAsAFile() {
        String file = work.resolve("carried.tar").toString();
        banger.ok("image", "export", "tiny", file);

        assertThat(banger.ok("image", "pull", file).line()).isEqualTo("carried");
        assertThat(cat("carried").expect(0).out()).isEqualTo("all the way");

        banger.ok("image", "delete", "carried");
        banger.run("vm", "run", "--rm", "cat", "/etc/carried").refused(125, "banger vm run -- cat");
    }

    @Test
    void aVmRunsAnImageAndAKernelOfACatalogByTheirNames() throws IOException {
        String key = work.resolve("key").toString();
        banger.ok(
                "image",
                "build",
                "directory",
                "--name",
                "offered",
                "--path",
                HOME.path().resolve("root").toString());
        String catalog = banger.ok("image", "publish", "offered", www.toString(), "--key", key, "--new-key")
                .line();
        banger.ok("kernel", "publish", "debian", www.toString(), "--key", key);
        banger.ok("image", "delete", "offered");
        Path config = Files.createDirectories(HOME.path().resolve("config")).resolve("config.toml");
        Files.writeString(
                config,
                "[images]\ncatalogs = [\"http://127.0.0.1:"
                        + server.getAddress().getPort() + catalog.substring(catalog.indexOf('#')) + "\"]\n");
        banger.ok("daemon", "restart");
        assertThat(banger.ok("image", "ls", "--available", "-q").lines()).containsExactly("offered", "debian");

        assertThat(cat("offered").expect(0).out()).isEqualTo("all the way");

        banger.run("image", "unpublish", "nothing", www.toString(), "--key", key)
                .refused(125, "no image \"nothing\"");
        banger.run("image", "unpublish", "offered", www.toString(), "--key", key + "less")
                .refused(125, "there is no key");
        assertThat(banger.ok("image", "unpublish", "offered", www.toString(), "--key", key, "--prune")
                        .line())
                .isEqualTo(catalog);
        assertThat(banger.ok("image", "ls", "--available", "-q").lines()).containsExactly("debian");

        Files.writeString(www.resolve("catalog.json"), "{}");
        banger.run("image", "pull", "another").refused(125, "it is no catalog");
        Files.delete(config);
        banger.ok("daemon", "restart");
        banger.ok("image", "delete", "offered");
        assertThat(Trees.names(HOME.path().resolve("cache/staging"))).isEmpty();
    }

    @Test
    void aKernelThatCameAsAFileBoots() {
        String file = work.resolve("own.tar").toString();
        banger.ok("kernel", "export", "debian", file);
        assertThat(banger.ok("kernel", "pull", file).line()).isEqualTo("own");

        assertThat(cat("--kernel", "own", "--cold", "tiny").expect(0).out()).isEqualTo("all the way");
        banger.ok("kernel", "rm", "own");
    }
}
