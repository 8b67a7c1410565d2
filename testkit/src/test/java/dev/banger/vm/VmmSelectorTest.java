package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.testkit.FakeHost;
import java.util.List;
import org.junit.jupiter.api.Test;

class VmmSelectorTest {
    private record Way(Vmm vmm, Acceleration acceleration, String obstacle, String nestedObstacle)
            implements VmmSelector.Candidate {}

    private final Vmm vmm = new FakeHost();
    private final VmmSelector selector = new VmmSelector(List.of(
            new Way(vmm, Acceleration.KVM, "", "guests cannot run VMs"), new Way(vmm, Acceleration.TCG, "", "")));

    @Test
    void aVmThatIsToRunVmsRunsWhereItCan() {
        assertThat(selector.choose(null, false).acceleration()).isEqualTo(Acceleration.KVM);

        VmmSelector.Choice nested = selector.choose(null, true);

        assertThat(nested.acceleration()).isEqualTo(Acceleration.TCG);
        assertThat(nested.attempts().getFirst().obstacle()).isEqualTo("guests cannot run VMs");
    }

    @Test
    void itIsRefusedWithTheReasonWhereItCannot() {
        assertThatThrownBy(() -> selector.choose("kvm", true)).hasMessageContaining("guests cannot run VMs");
    }
}
