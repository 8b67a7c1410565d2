package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImagePull;
import dev.banger.api.PublishedPort;
import dev.banger.api.VmCreate;
import dev.banger.api.VmNetwork;
import dev.banger.api.WaitFor;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class VmRunTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @Test
    void makesAVmRunsTheCommandAndKeepsTheVm() {
        banger.running(FakeProgram.saying("Linux\n", "a warning\n"));

        assertThat(console.run(banger, "vm", "run", "--name", "dev", "--", "uname", "-a"))
                .isZero();
        assertThat(banger.calls()).containsExactly("create dev", "exec " + Samples.ID);
        assertThat(banger.executed().command()).containsExactly("uname", "-a");
        assertThat(console.out()).isEqualTo("Linux\n");
        assertThat(console.err()).isEqualTo("a warning\n");
    }

    @Test
    void everythingOfAVmCanBeAskedFor() {
        console.run(
                banger,
                ("vm run --name dev --image mine --kernel own --cpus 3 --memory 2G --disk-size 20GiB --publish 8080:80"
                                + " --publish 53 --acceleration tcg --vmm qemu --wait system --cold --idle-pause 10m --nested -- true")
                        .split(" "));

        assertThat(banger.created())
                .isEqualTo(new VmCreate(
                        "dev",
                        "mine",
                        "own",
                        3,
                        2048L,
                        20L << 30,
                        "tcg",
                        List.of(PublishedPort.ofVm(8080, 80), PublishedPort.ofVm(53, 53)),
                        true,
                        true,
                        600L,
                        false,
                        WaitFor.SYSTEM,
                        null,
                        true,
                        "qemu",
                        null,
                        null));
    }

    @Test
    void aBridgedVmsBandwidthIsGivenAsItIsShown() {
        for (String rate : new String[] {"500kbit", "10mbit", "1500mbit", "1gbit"}) {
            console.run(banger, "vm", "run", "--network", "bridge", "--net-rate", rate, "--", "true");
            VmNetwork network = Objects.requireNonNull(banger.created().network());
            assertThat(Rates.show(network.netRate())).isEqualTo(rate);
        }
        assertThat(console.run(banger, "vm", "run", "--net-rate", "10M", "--", "true"))
                .isEqualTo(2);
        assertThat(console.err()).contains("10mbit");
    }

    @Test
    void withoutACommandALoginShellRuns() {
        assertThat(console.run(banger, "vm", "run", "--rm")).isZero();
        assertThat(banger.executed().command()).isEmpty();
    }

    @Test
    void theGuestGetsStdin() throws InterruptedException {
        FakeProgram wc = FakeProgram.ending(0);
        banger.running(wc);

        console.typing("a\nb\n").run(banger, "vm", "run", "--rm", "--", "wc", "-l");

        assertThat(wc.input()).isEqualTo("a\nb\n");
    }

    @Test
    void rmDeletesTheVmWhenTheCommandHasEndedWell() {
        assertThat(console.run(banger, "vm", "run", "--rm", "--", "true")).isZero();
        assertThat(banger.calls()).endsWith("delete " + Samples.ID);
    }

    @Test
    void rmMakesAVmThatGoesWithItsCommandEvenIfTheDaemonIsKilled() {
        console.run(banger, "vm", "run", "--rm", "--", "true");

        assertThat(banger.created().ephemeral()).isTrue();
    }

    @Test
    void rmDeletesTheVmWhenTheCommandFails() {
        banger.running(FakeProgram.ending(42));

        assertThat(console.run(banger, "vm", "run", "--rm", "--", "false")).isEqualTo(42);
        assertThat(banger.calls()).endsWith("delete " + Samples.ID);
    }

    @Test
    void rmDeletesTheVmWhenTheCommandCannotRun() {
        banger.programs(request -> {
            throw new BangerException(ErrorCode.COMMAND_NOT_FOUND, "no such program");
        });

        assertThat(console.run(banger, "vm", "run", "--rm", "--", "nonsense")).isEqualTo(127);
        assertThat(banger.calls()).endsWith("delete " + Samples.ID);
    }

    @Test
    void rmDeletesTheVmWhenTheClientIsGone() throws InterruptedException {
        FakeProgram sleep = FakeProgram.sleeping();
        CountDownLatch runs = new CountDownLatch(1);
        banger.programs(request -> {
            runs.countDown();
            return sleep;
        });
        var run = console.start(banger, "vm", "run", "--rm", "--", "sleep", "1000");
        assertThat(runs.await(20, TimeUnit.SECONDS)).isTrue();

        console.cancelOnSignal();
        console.signal(1);

        assertThat(run.status()).isEqualTo(130);
        assertThat(sleep.isClosed()).isTrue();
        assertThat(banger.calls()).endsWith("delete " + Samples.ID);
    }

    @Test
    void rmIsContentWhenSomebodyElseDeletedTheVm() {
        banger.working(ref -> FakeOperation.failing(BangerException.notFound("gone")));

        assertThat(console.run(banger, "vm", "run", "--rm", "--", "true")).isZero();
        assertThat(console.err()).isEmpty();
    }

    @Test
    void rmTellsWhenTheVmCouldNotBeDeleted() {
        banger.working(ref -> FakeOperation.failing(new BangerException(ErrorCode.VMM_FAILED, "it hangs")));

        assertThat(console.run(banger, "vm", "run", "--rm", "--", "true")).isZero();
        assertThat(console.err()).contains("could not delete dev").contains("it hangs");
    }

    @Test
    void aVmThatCannotBeMadeIsNotDeleted() {
        banger.creating(FakeOperation.failing(new BangerException(ErrorCode.VMM_FAILED, "no")));

        assertThat(console.run(banger, "vm", "run", "--rm", "--", "true")).isEqualTo(125);
        assertThat(banger.calls()).containsExactly("create null");
    }

    @Test
    void aPersonIsRemindedOfAVmThatStays() {
        ScriptedConsole terminal = ScriptedConsole.terminal();

        terminal.run(banger, "vm", "run", "--", "true");

        assertThat(terminal.err()).contains("dev is still running").contains("banger vm delete dev");
    }

    @Test
    void nobodyIsRemindedOfAVmThatGoes() { // P63
        ScriptedConsole terminal = ScriptedConsole.terminal();

        terminal.run(banger, "vm", "run", "--rm", "--", "true");

        assertThat(terminal.err()).doesNotContain("still running");
    }

    @Test
    void optionsBehindTheCommandAreTheCommands() {
        console.run(banger, "vm", "run", "--rm", "--", "ls", "--rm", "-la", "--name");

        assertThat(banger.executed().command()).containsExactly("ls", "--rm", "-la", "--name");
    }

    @Test
    void aWordThatIsNoOptionIsTheImage() {
        console.run(banger, "vm", "run", "--rm", "mine");

        assertThat(banger.created().image()).isEqualTo("mine");
        assertThat(banger.executed().command()).isEmpty();
    }

    @Test
    void whatFollowsTheImageIsTheCommandWithOrWithoutDashes() {
        console.run(banger, "vm", "run", "--rm", "mine", "--", "ls", "--rm", "--", "x");
        assertThat(banger.created().image()).isEqualTo("mine");
        assertThat(banger.executed().command()).containsExactly("ls", "--rm", "--", "x");

        console.run(banger, "vm", "run", "mine", "ls", "--rm");
        assertThat(banger.created().image()).isEqualTo("mine");
        assertThat(banger.executed().command()).containsExactly("ls", "--rm");
    }

    @Test
    void behindDashesThereIsNoImage() {
        console.run(banger, "vm", "run", "--", "mine", "--", "x");

        assertThat(banger.created().image()).isNull();
        assertThat(banger.executed().command()).containsExactly("mine", "--", "x");
    }

    @Test
    void aReferenceIsPulledFirst() {
        console.in(Path.of("/here")).run(banger, "vm", "run", "--rm", "docker-archive:app.tar", "--", "true");

        assertThat(banger.calls()).startsWith("pull " + ImagePull.of("docker-archive:/here/app.tar"), "create null");
        assertThat(banger.created().image()).isEqualTo("pulled");
    }

    @Test
    void anImageIsSaidOnce() {
        assertThat(console.run(banger, "vm", "run", "--image", "mine", "ls")).isEqualTo(2);
        assertThat(console.err()).contains("banger vm run --image mine -- ls");
        assertThat(banger.calls()).isEmpty();
    }

    @Test
    void whoseCommandWasTakenForAnImageIsTold() {
        banger.creating(
                FakeOperation.failing(BangerException.notFound("there is no image \"uname\"; there are: mine")));

        assertThat(console.run(banger, "vm", "run", "uname", "-a")).isEqualTo(125);
        assertThat(console.err()).contains("there are: mine").contains("banger vm run -- uname");
    }
}
