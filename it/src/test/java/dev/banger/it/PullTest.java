package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A container image comes from a registry and becomes a VM that runs what the image is made for. */
@Order(37)
class PullTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("pull");

    private final Banger banger = HOME.banger();
    private final Path work = HOME.path().resolve("work");
    private final String layout = work.resolve("layout").toString();
    private Running registry;
    private String host = "";

    @BeforeAll
    void aRegistryWithAnImage() throws IOException {
        Files.createDirectories(work);
        makeImage();
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            host = "127.0.0.1:" + free.getLocalPort();
        }
        Path settings = Files.writeString(work.resolve("registry.yml"), """
                version: 0.1
                log: {level: error}
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: "%s"}
                """.formatted(work.resolve("registry"), host));
        registry = Call.program("docker-registry", "serve", settings.toString())
                .within(Duration.ofMinutes(10))
                .start();
        Awaitility.await("the registry answers")
                .atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .until(() -> {
                    try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(host.substring(10)))) {
                        return socket.isConnected();
                    }
                });
        tool("skopeo", "copy", "--dest-tls-verify=false", "oci:" + layout + ":app", "docker://" + host + "/team/app:1");
    }

    private void makeImage() throws IOException {
        Path root = work.resolve("root");
        for (String directory : List.of("bin", "etc", "tmp", "proc", "sys", "dev", "root")) {
            Files.createDirectories(root.resolve(directory));
        }
        Path busybox = Stream.of("/bin/busybox", "/usr/bin/busybox")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError("busybox-static is not installed"));
        Files.copy(busybox, root.resolve("bin/busybox"));
        for (String applet : List.of("sh", "cat", "id", "pwd", "printenv", "stat", "test", "ls")) {
            Files.createSymbolicLink(root.resolve("bin").resolve(applet), Path.of("busybox"));
        }
        Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/tmp:/bin/sh\n");
        Files.writeString(root.resolve("etc/group"), "root:x:0:\napp:x:1000:\n");
        Files.writeString(root.resolve("etc/gone"), "of the first layer\n");
        Files.writeString(root.resolve("entry"), """
                #!/bin/sh
                echo "entry $*: $(id -un) in $(pwd) with $GREETING"
                [ -e /etc/gone ] && echo "gone is there"
                exit 7
                """);
        assertThat(root.resolve("entry").toFile().setExecutable(true, false)).isTrue();
        Path second = Files.createDirectories(work.resolve("second/etc"));
        Files.writeString(second.resolve(".wh.gone"), "");
        tool("umoci", "init", "--layout", layout);
        tool("umoci", "new", "--image", layout + ":app");
        addLayer(root);
        addLayer(work.resolve("second"));
        tool(
                "umoci",
                "config",
                "--image",
                layout + ":app",
                "--config.entrypoint",
                "/entry",
                "--config.cmd",
                "serve",
                "--config.cmd",
                "all",
                "--config.env",
                "GREETING=a greeting",
                "--config.user",
                "app",
                "--config.workingdir",
                "/srv/app");
    }

    private void addLayer(Path root) {
        String tar = work.resolve("layer.tar").toString();
        tool("tar", "--owner=0", "--group=0", "-C", root.toString(), "-cf", tar, ".");
        tool("umoci", "raw", "add-layer", "--image", layout + ":app", tar);
    }

    private static Outcome tool(String... words) {
        return Call.program(words).run().expect(0);
    }

    @AfterAll
    void noRegistry() {
        if (registry != null) {
            registry.close();
        }
    }

    @Test
    void aVmRunsWhatTheImageIsMadeFor() {
        assertThat(banger.ok("image", "pull", host + "/team/app:1").line()).isEqualTo("app-1");

        Outcome own = banger.run("vm", "run", "--rm", "--image", "app-1", "--memory", "128M", "--disk-size", "64M");
        own.expect(7);
        assertThat(own.out().strip()).isEqualTo("entry serve all: app in /srv/app with a greeting");

        banger.ok("vm", "create", "--name", "pulled", "--image", "app-1", "--memory", "128M", "--disk-size", "64M");
        assertThat(banger.ok("vm", "exec", "pulled", "--", "sh", "-c", "id -un; pwd; echo $GREETING")
                        .lines())
                .containsExactly("app", "/srv/app", "a greeting");
        assertThat(banger.ok(
                                "vm",
                                "exec",
                                "-u",
                                "root",
                                "-w",
                                "/etc",
                                "-e",
                                "GREETING=mine",
                                "pulled",
                                "--",
                                "sh",
                                "-c",
                                "id -un; pwd; echo $GREETING; stat -c %u:%g:%a /entry")
                        .lines())
                .containsExactly("root", "/etc", "mine", "0:0:755");
        banger.ok("vm", "delete", "pulled");
        banger.ok("image", "delete", "app-1");
    }

    @Test
    void layersStayUntilTheyArePruned() {
        banger.ok("image", "pull", "--name", "one", host + "/team/app:1");
        List<String> layers = banger.ok("image", "cache", "ls").lines();
        banger.ok("image", "pull", "--name", "two", host + "/team/app:1");

        assertThat(layers).as("a line above two layers").hasSize(3);
        assertThat(banger.ok("image", "cache", "prune").lines()).hasSize(2);
        assertThat(banger.ok("image", "cache", "ls").lines()).hasSize(1);
        banger.ok("image", "delete", "one");
        banger.ok("image", "delete", "two");
    }

    @Test
    void aLayoutAndAnArchiveAreAsGoodAsARegistry() {
        String archive = work.resolve("app.tar").toString();
        tool("skopeo", "copy", "oci:" + layout + ":app", "docker-archive:" + archive + ":team/app:2");

        assertThat(banger.ok("image", "pull", "oci:" + layout + ":app").line()).isEqualTo("layout-app");
        assertThat(banger.ok("image", "pull", "docker-archive:" + archive + ":2")
                        .line())
                .isEqualTo("app-2");

        assertThat(banger.ok("image", "show", "app-2").out()).contains("/entry serve all", "app in /srv/app");
        banger.ok("image", "delete", "layout-app");
        banger.ok("image", "delete", "app-2");
    }

    @Test
    void whatCannotBePulledLeavesNothing() {
        banger.run("image", "pull", host + "/team/nosuch:1").refused(125, "nosuch");
        banger.run("image", "pull", "app").refused(2, "which registry");
        banger.run("image", "pull", "127.0.0.1:1/team/app:1").refused(125, "127.0.0.1:1");

        assertThat(banger.ok("image", "ls", "-q").lines()).doesNotContain("nosuch-1", "app-1");
        assertThat(BangerHome.Trees.names(HOME.path().resolve("cache/staging"))).isEmpty();
    }
}
