package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One command on several VMs (P36). */
class ManyVmsTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @ParameterizedTest
    @ValueSource(strings = {"start", "stop", "restart", "kill", "delete"})
    void allBeginBeforeTheFirstEndIsWaitedFor(String command) {
        var first = FakeOperation.unfinished(Samples.running("a"));
        banger.working(ref -> {
            if (ref.equals("a")) {
                return first;
            }
            first.finish(); // had "b" to wait for the end of "a", nothing would ever end
            return FakeOperation.succeeding(Samples.running(ref));
        });

        assertThat(console.run(banger, "vm", command, "a", "b")).isZero();
        assertThat(banger.calls()).containsExactly(command + " a", command + " b");
        assertThat(console.out()).isEqualTo("a\nb\n");
    }

    @Test
    void oneThatFailsDoesNotKeepTheOthersFromTheirWork() {
        banger.refuse("gone", BangerException.notFound("there is no VM \"gone\""))
                .working(ref -> ref.equals("broken")
                        ? FakeOperation.failing(new BangerException(ErrorCode.VMM_FAILED, "broken does not end"))
                        : FakeOperation.succeeding(Samples.running(ref)));

        assertThat(console.run(banger, "vm", "stop", "gone", "broken", "fine")).isEqualTo(125);
        assertThat(console.out()).isEqualTo("fine\n");
        assertThat(console.err()).contains("there is no VM \"gone\"").contains("broken does not end");
    }

    @Test
    void aVmNamedTwiceIsWorkedOnOnce() {
        console.run(banger, "vm", "stop", "a", "a");

        assertThat(banger.calls()).containsExactly("stop a");
    }

    @Test
    void quietPrintsNothing() {
        assertThat(console.run(banger, "vm", "delete", "-q", "a")).isZero();
        assertThat(console.out()).isEmpty();
        assertThat(console.err()).isEmpty();
    }

    @Test
    void cancelCancelsAllOfThem() {
        var operations = Map.of(
                "a",
                FakeOperation.unfinished(Samples.running("a")),
                "b",
                FakeOperation.unfinished(Samples.running("b")));
        banger.working(operations::get);
        var run = console.start(banger, "vm", "stop", "a", "b");

        console.signal(15);

        assertThat(run.status()).isEqualTo(130);
        assertThat(operations.values()).allMatch(FakeOperation::wasCancelled);
    }
}
