package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.VmState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VmPruneTest {
    private final ScriptedBanger banger =
            new ScriptedBanger().with(Samples.running("busy")).with(Samples.vm("old", VmState.STOPPED));

    @Test
    void asksBeforeItDeletesAndNamesWhatGoes() {
        ScriptedConsole terminal = ScriptedConsole.terminal().typing("y\n");

        assertThat(terminal.run(banger, "vm", "prune")).isZero();
        assertThat(terminal.err()).contains("delete old with all their data?").doesNotContain("busy");
        assertThat(terminal.out()).isEqualTo("old\n");
        assertThat(banger.calls()).containsExactly("prune " + Samples.ID);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "n\n", "", "what?\n", "yess\n"})
    void anythingButYesDeletesNothing(String answer) {
        assertThat(ScriptedConsole.terminal().typing(answer).run(banger, "vm", "prune"))
                .isEqualTo(2);
        assertThat(banger.calls()).isEmpty();
    }

    @Test
    void whereNobodyCanAnswerYesIsNeeded() {
        ScriptedConsole console = ScriptedConsole.piped().typing("y\n");

        assertThat(console.run(banger, "vm", "prune")).isEqualTo(2);
        assertThat(console.err()).contains("--yes");
        assertThat(banger.calls()).isEmpty();

        assertThat(console.run(banger, "vm", "prune", "--yes")).isZero();
        assertThat(banger.calls()).containsExactly("prune " + Samples.ID);
    }

    @Test
    void nothingToDeleteIsFine() {
        ScriptedConsole console = ScriptedConsole.piped();

        assertThat(console.run(new ScriptedBanger(), "vm", "prune")).isZero();
        assertThat(console.err()).contains("no VM is stopped");
    }
}
