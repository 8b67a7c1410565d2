package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VmExecTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @ParameterizedTest
    @CsvSource({
        "vm exec dev ls -la, ls -la",
        "vm exec dev -- ls -la, ls -la",
        "vm exec dev ls -- -la, ls -- -la",
        "vm exec dev -- ls -- -la, ls -- -la",
        "vm exec dev -- --odd, --odd",
        "vm exec dev sh -e x, sh -e x",
        "vm exec -e A=1 dev env, env",
        "vm exec dev env --help, env --help"
    })
    void theGuestGetsTheWordsAsTheyAre(String line, String command) {
        assertThat(console.run(banger, line.split(" "))).isZero();
        assertThat(banger.executed().command()).isEqualTo(Arrays.asList(command.split(" ")));
        assertThat(banger.calls()).containsExactly("exec dev");
    }

    @Test
    void noShellSplitsAWordAgain() { // P60
        console.run(banger, "vm", "exec", "dev", "--", "sh", "-c", "exit 42; echo 'a  b' \"$c\"", "");

        assertThat(banger.executed().command()).containsExactly("sh", "-c", "exit 42; echo 'a  b' \"$c\"", "");
    }

    @Test
    void variablesAreSetOrTakenFromTheCaller() {
        console.with("HERE", "from the caller");

        console.run(banger, "vm", "exec", "-e", "A=1=2", "-e", "EMPTY=", "-e", "HERE", "-e", "NOWHERE", "dev", "env");

        assertThat(banger.executed().environment())
                .containsOnly(Map.entry("A", "1=2"), Map.entry("EMPTY", ""), Map.entry("HERE", "from the caller"));
    }

    @Test
    void anEntryWithoutANameIsRefused() {
        assertThat(console.run(banger, "vm", "exec", "-e", "=1", "dev", "env")).isEqualTo(2);
        assertThat(console.err()).contains("names no variable");
    }

    @Test
    void userAndDirectoryAreTheCallersChoice() {
        console.run(banger, "vm", "exec", "-u", "nobody", "-w", "/srv", "dev", "id");

        assertThat(banger.executed().user()).isEqualTo("nobody");
        assertThat(banger.executed().directory()).isEqualTo("/srv");
    }

    @Test
    void aPipeGetsNoTerminalAndATerminalOne() {
        console.run(banger, "vm", "exec", "dev", "sh");
        assertThat(banger.executed().terminal()).isNull();
        assertThat(console.rawModes()).isEmpty();

        ScriptedConsole terminal = ScriptedConsole.terminal();
        terminal.run(banger, "vm", "exec", "dev", "sh");
        assertThat(banger.executed().terminal()).isNotNull();
        assertThat(banger.executed().environment()).containsEntry("TERM", "xterm-256color");
        assertThat(terminal.rawModes()).containsExactly(true, false);

        terminal.run(banger, "vm", "exec", "-T", "dev", "sh");
        assertThat(banger.executed().terminal()).isNull();
    }

    @Test
    void signalsAndSizesReachTheProgram() throws InterruptedException {
        FakeProgram sleep = FakeProgram.sleeping();
        CountDownLatch runs = new CountDownLatch(1);
        ScriptedConsole terminal = ScriptedConsole.terminal();
        banger.programs(request -> sleep);
        var run = terminal.start(banger, "vm", "exec", "dev", "sleep", "1000");
        awaitRaw(terminal, runs);

        terminal.resize(50, 132);
        terminal.signal(15);

        assertThat(run.status()).isEqualTo(143);
        assertThat(sleep.signals()).containsExactly(15);
        assertThat(sleep.sizes())
                .extracting(size -> List.of(size.rows(), size.columns()))
                .containsExactly(List.of(50, 132));
        assertThat(terminal.rawModes()).endsWith(false);
    }

    private static void awaitRaw(ScriptedConsole terminal, CountDownLatch never) throws InterruptedException {
        for (int i = 0; terminal.rawModes().isEmpty() && i < 2000; i++) {
            assertThat(never.await(10, TimeUnit.MILLISECONDS)).isFalse();
        }
        assertThat(never.await(50, TimeUnit.MILLISECONDS)).isFalse();
    }
}
