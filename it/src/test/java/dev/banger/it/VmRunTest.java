package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code vm run --rm}: a VM for one command, gone however the command ended. */
@Order(40)
class VmRunTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("vm-run");

    private final Banger banger = HOME.banger();

    @AfterEach
    void nothingIsLeft() {
        try {
            HOME.assertNoVmIsLeft();
        } finally {
            HOME.deleteVms();
        }
    }

    /** P60. */
    @Test
    void theExitStatusIsTheCommands() {
        banger.run("vm", "run", "--rm", "--", "sh", "-c", "exit 42").expect(42);
    }

    @Test
    void verifyShowsThatAllOfItWorks() {
        Outcome verified = banger.run("verify").expect(0);

        assertThat(verified.lines()).hasSize(7).allMatch(line -> line.startsWith("PASS  "));
    }

    @Test
    void theCommandReadsStdin() {
        Outcome counted = banger.call("vm", "run", "--rm", "-q", "--", "wc", "-l")
                .input("a\nb\n")
                .run()
                .expect(0);

        assertThat(counted.line()).isEqualTo("2");
        assertThat(counted.stderr()).isEmpty();
    }

    @Test
    void optionsOfTheCommandAreNotBangers() {
        Outcome listed = banger.run(
                        "vm",
                        "run",
                        "--rm",
                        "-e",
                        "GREETING=hi there",
                        "-w",
                        "/etc",
                        "--memory",
                        "256M",
                        "--cpus",
                        "1",
                        "--",
                        "sh",
                        "-c",
                        "echo \"$GREETING\" $(pwd) $(nproc) \"$1\"",
                        "--",
                        "--help")
                .expect(0);

        assertThat(listed.line()).isEqualTo("hi there /etc 1 --help");
    }

    @Test
    void aCommandThatIsNotThereIs127AndTheVmIsGone() {
        banger.run("vm", "run", "--rm", "-q", "--", "no-such-program").refused(127, "no-such-program");
    }

    @ParameterizedTest
    @CsvSource({"INT,interrupted", "TERM,terminated"})
    void aSignalToTheClientReachesTheProgram(String signal, String said) {
        try (Running run = banger.call(
                        "vm",
                        "run",
                        "--rm",
                        "--name",
                        "signals",
                        "--",
                        "sh",
                        "-c",
                        "trap 'echo interrupted; exit 7' INT; trap 'echo terminated; exit 7' TERM;"
                                + " echo ready; while :; do sleep 0.1; done")
                .start()) {
            run.awaitOutput("ready");
            run.signal(signal);

            Outcome ended = run.await().expect(7);
            assertThat(ended.lines()).containsExactly("ready", said);
        }
    }

    @Test
    void aKilledClientLeavesNoVm() {
        try (Running run = banger.call("vm", "run", "--rm", "--", "sh", "-c", "echo ready; sleep 600")
                .start()) {
            run.awaitOutput("ready");
            run.signal("KILL");
            run.await().expect(137);
        }

        Awaitility.await("the VM of the killed client is gone")
                .atMost(Duration.ofSeconds(30))
                .until(() -> banger.vms().isEmpty());
    }

    @Test
    void anInterruptWhileTheVmBootsLeavesNothing() {
        try (Running run = banger.call("vm", "run", "--rm", "--", "true").start()) {
            Awaitility.await("its VMM runs")
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> !HOME.vmms().isEmpty());
            run.signal("INT");

            run.await().expect(130);
        }
    }

    /** P63: no reminder of a VM that is deleted. */
    @Test
    void theOutputIsTheCommandsAlone() {
        Outcome run = banger.run("vm", "run", "--rm", "--", "sh", "-c", "echo out; echo err >&2")
                .expect(0);

        assertThat(run.out()).isEqualTo("out\n");
        assertThat(run.stderr()).endsWith("err\n").doesNotContain("still running");
    }
}
