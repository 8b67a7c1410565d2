package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Images made in a VM, and that nothing is left of one that was not made. */
@Order(37)
class CustomizeTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("customize");

    private final Banger banger = HOME.banger();

    @BeforeAll
    static void aSmallImage() throws IOException {
        Path root = HOME.path().resolve("root");
        BusyboxTest.makeRoot(root);
        HOME.banger().ok("image", "build", "directory", "--name", "tiny", "--path", root.toString());
    }

    @AfterEach
    void nothingIsLeft() {
        HOME.assertNoVmIsLeft();
        assertThat(images()).isSubsetOf("debian", "tiny");
    }

    private List<String> images() {
        return banger.ok("image", "ls", "-q").lines();
    }

    private Call customize(String base, String name, String script) {
        return banger.call("image", "customize", "-q", base, name, "--memory", "256M", "--script", "-")
                .input(script);
    }

    @Test
    void whatAScriptDoesIsInTheImageAndNothingOfItsMachine() {
        Outcome made = customize("debian", "mine", """
                        #!/bin/bash
                        set -eu -o pipefail
                        [[ $(id -u) = 0 && $(readlink /proc/$$/exe) = */bash ]]
                        cat # nothing: the script is not its own input
                        touch /etc/made; echo home >/root/made
                        hostname; cat /etc/machine-id
                        """).run().expect(0);
        assertThat(made.lines()).hasSize(3).last().isEqualTo("mine");
        HOME.assertNoVmIsLeft();

        assertThat(banger.ok("image", "show", "mine").out()).contains("customized debian");
        Path rootfs = HOME.path().resolve("cache/images/mine/rootfs");
        assertThat(debugfs(rootfs, "cat /etc/hostname")).isEqualTo("banger\n");
        assertThat(debugfs(rootfs, "cat /etc/machine-id")).isEmpty();
        assertThat(debugfs(rootfs, "cat /etc/hosts"))
                .doesNotContain(made.lines().getFirst());
        assertThat(debugfs(rootfs, "ls -p /etc/ssh")).doesNotContain("ssh_host_");
        assertThat(debugfs(rootfs, "ls -p /root")).contains("/made/");
        assertThat(debugfs(rootfs, "ls -p /root/.ssh")).doesNotContain("authorized_keys");
        Call.program("e2fsck", "-fn", rootfs.toString()).run().expect(0);
        assertThat(banger.ok(
                                "vm",
                                "run",
                                "--rm",
                                "-q",
                                "--image",
                                "mine",
                                "--",
                                "sh",
                                "-c",
                                "cat /root/made; ls /etc/made; systemctl is-system-running --wait >&2; true")
                        .out())
                .isEqualTo("home\n/etc/made\n");
        banger.ok("image", "delete", "mine");
    }

    private static String debugfs(Path rootfs, String command) {
        return Call.program("debugfs", "-R", command, rootfs.toString()).run().out();
    }

    @Test
    void aFileSystemGrows() {
        banger.call("image", "customize", "-q", "tiny", "large", "--size", "15G", "--script", "-")
                .input("df -k / | tail -n 1 | awk '{print ($2 > 14000000)}'\n")
                .run()
                .expect(0);

        assertThat(banger.ok("image", "show", "large").out()).contains("15 GiB");
        banger.ok("image", "delete", "large");
    }

    @Test
    void aScriptThatFailsLeavesNothing() {
        Outcome failed =
                customize("tiny", "bad", "echo out; echo err >&2; exit 7\n").run();

        failed.expect(7);
        assertThat(failed.out()).isEqualTo("out\n");
        assertThat(failed.stderr()).contains("err", "status 7", "no image");
    }

    @Test
    void aDaemonKilledInTheMiddleLeavesNothing() {
        try (Running work = customize("tiny", "bad", "echo begun; sleep 1000\n").start()) {
            work.awaitOutput("begun");
            Processes.signal(HOME.daemonPid(), "KILL");
            assertThat(work.await().status()).isNotZero();
        }
        banger.ok("vm", "ls"); // starts the next one
        HOME.assertNoVmIsLeft();
        Awaitility.await("unfinished images")
                .atMost(Duration.ofSeconds(10))
                .until(() -> Trees.names(HOME.path().resolve("cache/staging")).isEmpty());
    }

    @Test
    void aCommandThatIsCancelledLeavesNothing() {
        try (Running work = customize("tiny", "bad", "echo begun; sleep 1000\n").start()) {
            work.awaitOutput("begun");
            work.signal("TERM");
            assertThat(work.await().status()).isNotZero();
        }
    }

    @Test
    void aFullDiskIsNamedAndNothingIsLeft() throws IOException {
        Path home = HOME.path().resolve("small");
        Files.createDirectory(home);
        Call.program("mount", "-t", "tmpfs", "-o", "size=100m,mode=0700", "none", home.toString())
                .run()
                .expect(0);
        try {
            Files.createSymbolicLink(home.resolve("cache"), HOME.path().resolve("cache"));
            Banger cramped = Banger.in(home);

            Outcome full = cramped.call("image", "customize", "-q", "tiny", "bad", "--script", "-")
                    .input("head -c 160m /dev/zero | tr '\\0' x >/big; rm /big\n")
                    .run()
                    .expect(125);

            assertThat(full.stderr()).contains("disk is full").doesNotContain("Exception");
            assertThat(cramped.vms()).isEmpty();
            assertThat(Trees.names(home.resolve("state/vms"))).isEmpty();
            cramped.ok("daemon", "stop");
            assertThat(Processes.concerning(home)).isEmpty();
        } finally {
            Call.program("umount", "-l", home.toString()).run().expect(0);
        }
    }
}
