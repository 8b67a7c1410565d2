package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A root file system without systemd, even without any init: the agent is PID 1 then. */
@Order(36)
class BusyboxTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("busybox");

    private final Banger banger = HOME.banger();
    private final Path root = HOME.path().resolve("root");

    @BeforeAll
    void twoImages() throws IOException {
        makeRoot(root);
        Path tar = HOME.path().resolve("root.tar");
        Call.program("tar", "-C", root.toString(), "-cf", tar.toString(), ".")
                .run()
                .expect(0);

        assertThat(banger.ok("image", "build", "tar", "--name", "from-tar", "--path", tar.toString())
                        .line())
                .isEqualTo("from-tar");
    }

    /** A root file system with nothing but busybox. */
    static void makeRoot(Path root) throws IOException {
        Path busybox = Stream.of("/bin/busybox", "/usr/bin/busybox")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError("busybox-static is not installed"));
        for (String directory : List.of("bin", "etc", "root", "tmp", "proc", "sys", "dev", "var/log")) {
            Files.createDirectories(root.resolve(directory));
        }
        Files.copy(busybox, root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
        for (String applet :
                Call.program(busybox.toString(), "--list").run().expect(0).lines()) {
            if (!applet.equals("busybox") && !applet.equals("init")) {
                Files.createSymbolicLink(root.resolve("bin").resolve(applet), Path.of("busybox"));
            }
        }
        Files.writeString(
                root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n");
        Files.writeString(root.resolve("etc/group"), "root:x:0:\nuser:x:1000:\n");
    }

    /** P32: the second takes what the first has built. */
    @Test
    void anImageThatTwoAskForAtOnceIsBuiltOnce() {
        String[] build = {"image", "build", "directory", "--name", "at-once", "--path", root.toString()};
        try (Running one = banger.call(build).start();
                Running two = banger.call(build).start()) {
            one.await().expect(0);
            two.await().expect(0);
        }

        assertThat(Trees.names(HOME.path().resolve("cache/images")).stream()
                        .filter(name -> name.startsWith("at-once@")))
                .hasSize(1);
        banger.ok("image", "delete", "at-once");
        assertThat(Trees.names(HOME.path().resolve("cache/images"))).noneMatch(name -> name.startsWith("at-once"));
    }

    @Test
    void aDirectoryBootsAndRunsCommands() {
        banger.ok("image", "build", "directory", "--name", "from-directory", "--path", root.toString());

        Outcome run = banger.run(
                "vm",
                "run",
                "--rm",
                "--image",
                "from-directory",
                "--memory",
                "128M",
                "--",
                "sh",
                "-c",
                "echo $(cat /proc/1/comm); hostname >/dev/null; exit 3");

        run.expect(3);
        assertThat(run.line()).isEqualTo("banger-agent");
        banger.ok("image", "delete", "from-directory");
    }

    @Test
    void aTarBootsAndItsDataSurvives() {
        banger.ok("vm", "create", "--name", "tiny", "--image", "from-tar", "--memory", "192M");

        assertThat(banger.shell("tiny", "hostname; id -u; cat /etc/hostname")).isEqualTo("tiny\n0\ntiny");
        banger.exec("tiny", "sh", "-c", "exit 42").run().expect(42);
        banger.exec("tiny", "sh", "-c", "kill -9 $$").run().expect(137);
        banger.exec("tiny", "nosuch").run().refused(127, "nosuch");
        assertThat(banger.exec("tiny", "wc", "-l")
                        .input("a\nb\n")
                        .run()
                        .expect(0)
                        .line())
                .isEqualTo("2");
        assertThat(banger.ok("vm", "exec", "-u", "user", "tiny", "--", "id", "-u")
                        .line())
                .isEqualTo("1000");
        banger.shell("tiny", "echo work >/root/kept; echo system >/etc/kept");
        assertThat(
                        banger.shell(
                                "tiny",
                                "for i in 1 2 3; do (sleep 0.1 &) ; done; sleep 1; cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z ' || true"))
                .as("zombies that PID 1 has not reaped")
                .isEqualTo("0");

        banger.ok("vm", "stop", "tiny");
        banger.ok("vm", "start", "tiny");

        assertThat(banger.shell("tiny", "cat /root/kept /etc/kept")).isEqualTo("work\nsystem");
        assertThat(banger.run("image", "delete", "from-tar").expect(125).stderr())
                .contains("tiny");
        banger.exec("tiny", "poweroff", "-f").run();
        Awaitility.await("it powered itself off")
                .atMost(Duration.ofSeconds(30))
                .until(() -> banger.state("tiny").equals("stopped"));
        banger.ok("vm", "delete", "tiny");
    }

    @Test
    void whatIsNoRootFileSystemIsRefused() throws IOException {
        Path text = Files.writeString(HOME.path().resolve("text"), "this is no tar\n");

        banger.run("image", "build", "tar", "--name", "bad", "--path", text.toString())
                .expect(125);
        banger.run("image", "build", "tar", "--name", "Bad Name", "--path", text.toString())
                .expect(2);

        assertThat(banger.ok("image", "ls", "-q").lines()).doesNotContain("bad");
        assertThat(Trees.names(HOME.path().resolve("cache/images"))).noneMatch(name -> name.startsWith("bad"));
    }
}
