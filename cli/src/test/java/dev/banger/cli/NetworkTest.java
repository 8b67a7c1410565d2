package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import io.avaje.jsonb.Jsonb;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code network}. */
class NetworkTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @Test
    void lsShowsSubnetsAndHowManyVms() {
        assertThat(console.run(banger, "network", "ls")).isZero();
        assertThat(console.out().lines())
                .containsExactly(
                        "NAME     SUBNET        VMS SEE EACH OTHER  VMS",
                        "user     -             no                  1",
                        "backend  10.20.0.0/24  yes                 0");
    }

    @Test
    void quietLsPrintsNames() {
        console.run(banger, "network", "ls", "-q");
        assertThat(console.out()).isEqualTo("user\nbackend\n");
    }

    @Test
    void showPrintsFacts() {
        console.run(banger, "network", "show", "backend");
        assertThat(console.out()).contains("gateway, dns", "10.20.0.1");
    }

    @Test
    void machinesReadJson() {
        console.run(banger, "network", "show", "--json", "backend");
        Map<String, Object> network = Jsonb.instance().type(Object.class).map().fromJson(console.out());
        assertThat(network).containsEntry("subnet", "10.20.0.0/24").containsEntry("peers", true);
    }

    @Test
    void createPrintsTheName() {
        assertThat(console.run(banger, "network", "create", "backend", "--subnet", "10.20.0.0/24"))
                .isZero();
        assertThat(banger.calls()).containsExactly("create network backend 10.20.0.0/24");
        assertThat(console.out()).isEqualTo("backend\n");
    }

    @Test
    void rmGoesOnBehindOneThatFails() {
        banger.refuse("one", new BangerException(ErrorCode.IN_USE, "in use by dev"));
        assertThat(console.run(banger, "network", "rm", "one", "two")).isEqualTo(125);
        assertThat(console.out()).isEqualTo("two\n");
        assertThat(console.err()).contains("in use by dev");
    }
}
