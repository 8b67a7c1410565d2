package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.NatStatus;
import dev.banger.api.VmSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InternalNatTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @ParameterizedTest
    @CsvSource({"up, true", "down, false"})
    void upAndDownAreVmSet(String command, boolean nat) {
        assertThat(console.run(banger, "internal", "nat", command, "dev")).isZero();

        assertThat(banger.calls()).containsExactly("set dev");
        assertThat(banger.changed()).isEqualTo(new VmSet(null, null, null, null, null, null, nat, List.of(), null));
        assertThat(console.out()).isEmpty();
    }

    @Test
    void whatCannotBeIsAFailure() {
        banger.refuse("dev", BangerException.invalid("it is not at a bridge"));

        assertThat(console.run(banger, "internal", "nat", "up", "dev"))
                .isEqualTo(ErrorCode.INVALID_ARGUMENT.exitCode());
        assertThat(console.err()).contains("it is not at a bridge");
    }

    @Test
    void statusIsZeroWhenNatWorks() {
        banger.with(new NatStatus(Samples.ID, "dev", true, "eth0", true));

        assertThat(console.run(banger, "internal", "nat", "status", "dev")).isZero();
        assertThat(console.out())
                .containsPattern("nat +on")
                .containsPattern("uplink +eth0")
                .contains("in place");
    }

    @ParameterizedTest
    @CsvSource({"false, eth0, true", "true, , true", "true, eth0, false"})
    void statusIsOneWhenSomethingOfItIsMissing(boolean nat, String uplink, boolean inPlace) {
        banger.with(new NatStatus(Samples.ID, "dev", nat, uplink, inPlace));

        assertThat(console.run(banger, "internal", "nat", "status", "dev")).isEqualTo(1);
    }
}
