package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import io.avaje.jsonb.Jsonb;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VmForkTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @ParameterizedTest
    @CsvSource({
        "vm fork dev, fork into null times 1, quiet-river",
        "vm fork dev test, fork into test times 1, test",
        "vm fork dev test -n 3, fork into test times 3, test-1;test-2;test-3",
        "vm fork --count 2 dev test, fork into test times 2, test-1;test-2"
    })
    void theNamesOfTheNewOnesArePrinted(String line, String asked, String names) {
        assertThat(console.run(banger, line.split(" "))).isZero();
        assertThat(banger.calls()).containsExactly(asked, "fork dev");
        assertThat(console.out().lines()).containsExactly(names.split(";"));
    }

    @Test
    void jsonIsAListEvenOfOne() {
        console.run(banger, "vm", "fork", "dev", "test", "--json");

        assertThat(Jsonb.instance().type(Object.class).list().fromJson(console.out()))
                .singleElement()
                .asString()
                .contains("name=test");
    }

    @Test
    void aVmThatCannotBeForkedSaysWhy() {
        banger.refuse("dev", new BangerException(ErrorCode.WRONG_STATE, "dev is stopped; start it first"));

        assertThat(console.run(banger, "vm", "fork", "dev")).isEqualTo(125);
        assertThat(console.err()).isEqualTo("banger: dev is stopped; start it first\n");
        assertThat(console.out()).isEmpty();
    }
}
