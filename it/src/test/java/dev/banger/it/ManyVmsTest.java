package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many at once. */
@Order(120)
class ManyVmsTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("many");

    private final Banger banger = HOME.banger();

    @Test
    void ofTwentyThatWantOneNameOneWins() {
        List<Running> creates = IntStream.range(0, 20)
                .mapToObj(n -> banger.call("vm", "create", "-q", "--name", "contested", "--memory", "256M")
                        .start())
                .toList();

        int won = 0;
        for (Running create : creates) {
            Outcome outcome = create.await();
            if (outcome.status() == 0) {
                won++;
            } else {
                outcome.refused(125, "contested already exists");
            }
        }

        assertThat(won).isEqualTo(1);
        assertThat(banger.vms()).containsExactly("contested");
        assertThat(HOME.vmms()).hasSize(1);
        assertThat(banger.shell("contested", "hostname")).isEqualTo("contested");
        banger.ok("vm", "delete", "contested");
        HOME.assertNoVmIsLeft();
    }

    @Test
    void tenDifferentOnesBoot() {
        List<Running> creates = IntStream.range(0, 10)
                .mapToObj(n -> banger.call("vm", "create", "-q", "--name", "vm-" + n, "--memory", "256M", "--cpus", "1")
                        .within(Duration.ofMinutes(5))
                        .start())
                .toList();
        creates.forEach(create -> create.await().expect(0));

        List<String> names = new ArrayList<>(banger.vms());
        assertThat(names).hasSize(10);
        assertThat(banger.ok("vm", "ls", "--json").list())
                .extracting(vm -> Outcome.text(vm, "address"))
                .doesNotHaveDuplicates();
        for (String name : names) {
            assertThat(banger.shell(name, "hostname")).isEqualTo(name);
        }
        List<String> delete = new ArrayList<>(List.of("vm", "delete"));
        delete.addAll(names);
        banger.call(delete).run().expect(0);
        HOME.assertNoVmIsLeft();
    }
}
