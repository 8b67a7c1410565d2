package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ProgressEvent;
import dev.banger.api.VmInfo;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** What is happening, how far, how long: one live line on a terminal, plain lines elsewhere. */
class ProgressTest {
    private static final String ESCAPE = "\u001b";

    private final FakeOperation<VmInfo> operation = FakeOperation.unfinished(
            Samples.running("dev"), new ProgressEvent("fetching the kernel", 30, 120, 5, false, false));
    private final ScriptedBanger banger = new ScriptedBanger().creating(operation);

    private static void await(BooleanSupplier condition) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; !condition.getAsBoolean(); i++) {
            assertThat(i).as("tries").isLessThan(1000);
            assertThat(never.await(10, TimeUnit.MILLISECONDS)).isFalse();
        }
    }

    @Test
    void aTerminalShowsOneLiveLineAndClearsIt() throws InterruptedException {
        ScriptedConsole terminal = ScriptedConsole.terminal();
        var run = terminal.start(banger, "vm", "create");

        await(() -> terminal.err().contains("fetching the kernel 25%"));
        operation.finish();

        assertThat(run.status()).isZero();
        assertThat(terminal.err())
                .contains(" s)")
                .endsWith("\r" + ESCAPE + "[K")
                .doesNotContain("\n");
        assertThat(terminal.out()).isEqualTo("dev\n");
    }

    @Test
    void withoutATerminalLongWorkIsTold() throws InterruptedException {
        ScriptedConsole console = ScriptedConsole.piped();
        var run = console.start(banger, "vm", "create");

        await(() -> console.err().contains("banger: fetching the kernel 25%"));
        operation.finish();

        assertThat(run.status()).isZero();
        assertThat(console.err()).doesNotContain(ESCAPE).doesNotContain("\r");
        assertThat(console.out()).isEqualTo("dev\n");
    }

    @Test
    void shortWorkIsNotTold() {
        ScriptedConsole console = ScriptedConsole.piped();

        assertThat(console.run(new ScriptedBanger(), "vm", "create")).isZero();
        assertThat(console.err()).isEmpty();
    }

    @Test
    void noColorMeansNoEscapeSequences() throws InterruptedException {
        ScriptedConsole terminal = ScriptedConsole.terminal().with("NO_COLOR", "1");
        var run = terminal.start(banger, "vm", "create");

        await(() -> terminal.err().contains("fetching the kernel"));
        operation.finish();

        assertThat(run.status()).isZero();
        assertThat(terminal.err()).doesNotContain(ESCAPE);
    }

    @Test
    void aDumbTerminalGetsNoEscapeSequences() {
        ScriptedConsole terminal = ScriptedConsole.terminal().with("TERM", "dumb");

        terminal.run(new ScriptedBanger().refuse("dev", BangerException.notFound("none")), "vm", "show", "dev");

        assertThat(terminal.err()).isEqualTo("banger: none\n");
    }

    @Test
    void errorsAreColouredOnATerminalOnly() {
        ScriptedConsole terminal = ScriptedConsole.terminal();

        terminal.run(new ScriptedBanger().refuse("dev", BangerException.notFound("none")), "vm", "show", "dev");

        assertThat(terminal.err()).isEqualTo(ESCAPE + "[31mbanger:" + ESCAPE + "[0m none\n");
    }

    @Test
    void quietShowsNoProgressButWarnings() throws InterruptedException {
        var warned = FakeOperation.unfinished(
                Samples.running("dev"),
                new ProgressEvent("booting", 0, 0, 5, false, false),
                new ProgressEvent("the disk is nearly full", 0, 0, 6, true, false));
        ScriptedConsole terminal = ScriptedConsole.terminal();
        var run = terminal.start(new ScriptedBanger().creating(warned), "vm", "create", "-q");

        await(() -> terminal.err().contains("warning: the disk is nearly full"));
        warned.finish();

        assertThat(run.status()).isZero();
        assertThat(terminal.err()).doesNotContain("booting");
    }

    @Test
    void anErrorStandsOnALineOfItsOwnBehindTheProgress() {
        var failing = FakeOperation.<VmInfo>doing(() -> {
            throw new BangerException(ErrorCode.VMM_FAILED, "it did not start");
        });
        ScriptedConsole terminal = ScriptedConsole.terminal();

        assertThat(terminal.run(new ScriptedBanger().creating(failing), "vm", "create"))
                .isEqualTo(125);
        assertThat(terminal.err()).endsWith("it did not start\n");
    }

    @Test
    void cancelWaitsUntilTheWorkIsUndone() {
        ScriptedConsole console = ScriptedConsole.piped();
        var run = console.start(banger, "vm", "create");

        console.signal(2);

        assertThat(run.status()).isEqualTo(130);
        assertThat(operation.wasCancelled()).isTrue();
    }
}
