package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
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

    /** The agent holds the port open, which the kernel gives to one process only; its descriptor is there all the same. */
    private static String toThePort(String bytes) {
        return "p=$(pgrep -o banger-agent); for fd in /proc/$p/fd/*; do case $(readlink $fd) in /dev/vport*|/dev/virtio-ports/*)"
                + " " + bytes + " >/proc/1/fd/0 2>/dev/null; " + bytes
                + " | python3 -c 'import os,sys; d=sys.stdin.buffer.read();"
                + " pf=os.pidfd_open(int(sys.argv[1])); import ctypes; l=ctypes.CDLL(None);"
                + " fd=l.syscall(438,pf,int(sys.argv[2]),0); os.write(fd,d)' $p ${fd##*/};; esac; done";
    }

    @Test
    void garbageWhileACommandRuns() {
        try (Running running = banger.exec("evil", "sh", "-c", "echo ready; sleep 30")
                .within(Duration.ofSeconds(120))
                .start()) {
            running.awaitOutput("ready");
            banger.exec("evil", "sh", "-c", toThePort("head -c 100000 /dev/urandom"))
                    .within(Duration.ofSeconds(120))
                    .run();
            banger.ok("vm", "kill", "evil");
            Outcome outcome = running.await();

            assertThat(outcome.status()).as(outcome.toString()).isEqualTo(125);
            assertThat(outcome.stderr()).contains("banger: ").doesNotContain("Exception", "\tat ");
        }
    }

    @Test
    void anAgentThatIsKilled() {
        try (Running running = banger.exec(
                        "evil",
                        "sh",
                        "-c",
                        "echo ready; sleep 0.2; pkill -9 -o banger-agent; echo the-agent-is-dead >/dev/ttyS0; sleep 600")
                .within(Duration.ofSeconds(120))
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
                .within(Duration.ofSeconds(120))
                .run();

        assertThat(outcome.status()).as(outcome.toString()).isEqualTo(125);
        assertThat(outcome.stderr()).contains("banger: ").doesNotContain("Exception", "\tat ");
    }
}
