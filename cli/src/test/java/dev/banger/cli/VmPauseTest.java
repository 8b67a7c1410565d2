package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.VmState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code vm pause} and {@code vm resume}, and what shows a paused VM. */
class VmPauseTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @ParameterizedTest
    @ValueSource(strings = {"pause", "resume"})
    void eachIsChangedOnceAndNamed(String command) {
        assertThat(console.run(banger, "vm", command, "a", "b", "a")).isZero();
        assertThat(banger.calls()).containsExactly(command + " a", command + " b");
        assertThat(console.out()).isEqualTo("a\nb\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pause", "resume"})
    void quietPrintsNothing(String command) {
        assertThat(console.run(banger, "vm", command, "-q", "a")).isZero();
        assertThat(console.out()).isEmpty();
        assertThat(console.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pause", "resume"})
    void oneThatFailsDoesNotKeepTheOthersFromTheirTurn(String command) {
        banger.refuse("off", new BangerException(ErrorCode.WRONG_STATE, "off is stopped", "since noon", null));

        assertThat(console.run(banger, "vm", command, "off", "dev")).isEqualTo(125);
        assertThat(console.out()).isEqualTo("dev\n");
        assertThat(console.err()).isEqualTo("banger: off is stopped\n  | since noon\n");
    }

    @Test
    void aCancelEndsTheWholeCommand() {
        banger.refuse("a", new BangerException(ErrorCode.CANCELLED, "interrupted"));

        assertThat(console.run(banger, "vm", "pause", "a", "b")).isEqualTo(130);
        assertThat(banger.calls()).containsExactly("pause a");
    }

    @Test
    void aPausedVmIsListedAsSuch() {
        banger.with(Samples.vm("dev", VmState.PAUSED));

        console.run(banger, "vm", "ls");

        assertThat(console.out()).contains("dev   paused  debian");
    }

    @Test
    void aPausedVmIsLeftToTheDaemonWhenSomebodyWantsIn() {
        banger.with(Samples.vm("dev", VmState.PAUSED));

        assertThat(console.run(banger, "vm", "ssh", "dev")).isZero();
        assertThat(console.becomes()).startsWith("ssh");
        assertThat(console.run(banger, "vm", "exec", "dev", "--", "true")).isZero();
        assertThat(banger.calls()).contains("exec dev");
    }
}
