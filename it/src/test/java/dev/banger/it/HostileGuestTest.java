package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** T11: a guest whose root writes what it likes into the agent's port harms no one but itself. */
@Order(110)
class HostileGuestTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("hostile");

    private final Banger banger = HOME.banger();
    private long daemon;

    @BeforeAll
    void twoVms() {
        banger.ok("vm", "create", "--name", "evil", "--memory", "256M");
        banger.ok("vm", "create", "--name", "good", "--memory", "256M");
        daemon = HOME.daemonPid();
    }

    @AfterEach
    void theDaemonAndTheOtherVmAreUnharmed() {
        assertThat(HOME.daemonPid()).isEqualTo(daemon);
        assertThat(banger.shell("good", "hostname")).isEqualTo("good");
        banger.ok("vm", "kill", "evil");
        banger.ok("vm", "start", "evil");
        assertThat(banger.shell("evil", "hostname")).isEqualTo("evil");
    }

    /**
     * Writes into the agent's port. The kernel lets one process open it, which is the agent, but root takes a copy of its
     * descriptor (pidfd_getfd(2), system call 438) and tells on the console that the bytes are written.
     */
    private static final String GARBAGE_INTO_THE_PORT = """
            import ctypes, glob, os, subprocess
            agent = int(subprocess.check_output(["pgrep", "-o", "banger-agent"]))
            port = next(int(os.path.basename(fd)) for fd in glob.glob("/proc/%d/fd/*" % agent)
                        if "vport" in os.readlink(fd) or "virtio-ports" in os.readlink(fd))
            copy = ctypes.CDLL(None).syscall(438, os.pidfd_open(agent), port, 0)
            os.set_blocking(copy, True)
            for size in (1, 7, 300, 70000):
                os.write(copy, os.urandom(size))
            os.write(copy, bytes([18, 0, 0, 1, 255, 255, 255, 255]) + b"x" * 1000)
            open("/dev/ttyS0", "w").write("the garbage is written\\n")
            """;

    @Test
    void garbageWhileACommandRuns() {
        try (Running running =
                        banger.exec("evil", "sh", "-c", "echo ready; sleep 600").start();
                Running attack = banger.exec("evil", "python3", "-c", GARBAGE_INTO_THE_PORT)
                        .start()) {
            running.awaitOutput("ready");
            Awaitility.await("the attack")
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> banger.ok("vm", "logs", "evil").out().contains("the garbage is written"));
            assertThat(banger.shell("good", "hostname")).isEqualTo("good");

            banger.ok("vm", "kill", "evil");

            for (Running each : List.of(running, attack)) {
                Outcome outcome = each.await();
                assertThat(outcome.stderr()).doesNotContain("Exception", "\tat ", "internal error");
            }
        }
    }

    @Test
    void anAgentThatIsKilled() {
        try (Running running = banger.exec(
                        "evil",
                        "sh",
                        "-c",
                        "echo ready; sleep 0.2; pkill -9 -o banger-agent; echo the-agent-is-dead >/dev/ttyS0; sleep 600")
                .within(Duration.ofMinutes(2))
                .start()) {
            running.awaitOutput("ready");
            Awaitility.await("the agent is dead")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> banger.ok("vm", "logs", "evil").out().contains("the-agent-is-dead"));
            banger.exec("evil", "true").run().refused(125, "guest");

            banger.ok("vm", "kill", "evil");

            Outcome outcome = running.await();
            assertThat(outcome.status()).as(outcome.toString()).isEqualTo(125);
            assertThat(outcome.stderr()).contains("banger: ").doesNotContain("Exception", "\tat ");
        }
    }

    @Test
    void aGuestThatPanics() {
        Outcome outcome = banger.exec("evil", "sh", "-c", "echo c >/proc/sysrq-trigger; sleep 60")
                .within(Duration.ofMinutes(2))
                .run();

        assertThat(outcome.status()).as(outcome.toString()).isEqualTo(125);
        assertThat(outcome.stderr()).contains("banger: ").doesNotContain("Exception", "\tat ");
    }
}
