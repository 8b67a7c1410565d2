package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Status;
import dev.banger.vm.VmmSelector.Wish;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class VmmSelectorTest {
    private static final Wish ANY = new Wish(null, null, true, true, false);

    private record FakeVmm(String name, boolean needsRawDisks) implements Vmm {
        @Override
        public RunningVm boot(BootSpec spec) {
            throw new UnsupportedOperationException("nothing boots here");
        }

        @Override
        public RunningVm restore(BootSpec spec, Path memory, Path state) {
            throw new UnsupportedOperationException("nothing is restored here");
        }

        @Override
        public RunningVm reattach(VmRecord vm, VmHandles handles) {
            throw new UnsupportedOperationException("nothing runs here");
        }

        @Override
        public Build build(Acceleration acceleration, boolean nested) {
            return new Build(name + " 1", acceleration.label());
        }
    }

    private record Way(Vmm vmm, Acceleration acceleration, boolean needsTap, String obstacle, String warning)
            implements VmmSelector.Candidate {
        @Override
        public String nestedObstacle() {
            return acceleration == Acceleration.KVM ? "guests cannot run VMs" : "";
        }
    }

    private static Way firecracker(String obstacle, String warning) {
        return new Way(new FakeVmm("firecracker", true), Acceleration.KVM, true, obstacle, warning);
    }

    private static Way qemu(Acceleration acceleration, String obstacle) {
        return new Way(new FakeVmm("qemu", false), acceleration, false, obstacle, "");
    }

    private static VmmSelector host(String firecracker, String kvm) {
        return new VmmSelector(
                List.of(firecracker(firecracker, ""), qemu(Acceleration.KVM, kvm), qemu(Acceleration.TCG, "")));
    }

    private static String chosen(VmmSelector selector, Wish wish) {
        VmmSelector.Choice choice = selector.choose(wish);
        return choice.vmm().name() + " " + choice.acceleration().label();
    }

    @Test
    void theFirstThatWorksIsTaken() {
        assertThat(chosen(host("", ""), ANY)).isEqualTo("firecracker kvm");
        assertThat(chosen(host("not installed", ""), ANY)).isEqualTo("qemu kvm");
        assertThat(chosen(host("not installed", "no /dev/kvm"), ANY)).isEqualTo("qemu tcg");
    }

    @Test
    void aWishNarrowsTheChoice() {
        assertThat(chosen(host("", ""), new Wish("qemu", null, true, true, false)))
                .isEqualTo("qemu kvm");
        assertThat(chosen(host("", ""), new Wish(null, "tcg", true, true, false)))
                .isEqualTo("qemu tcg");
        assertThat(chosen(host("", ""), new Wish("firecracker", "kvm", true, true, false)))
                .isEqualTo("firecracker kvm");
    }

    @Test
    void aVmThatIsToRunVmsRunsWhereItCan() {
        VmmSelector.Choice nested = host("", "").choose(new Wish(null, null, true, true, true));

        assertThat(nested.acceleration()).isEqualTo(Acceleration.TCG);
        assertThat(nested.attempts().getFirst().obstacle()).isEqualTo("guests cannot run VMs");
        assertThatThrownBy(() -> host("", "").choose(new Wish(null, "kvm", true, true, true)))
                .hasMessageContaining("guests cannot run VMs");
    }

    @Test
    void whatNeedsATapIsNotForAVmInUserMode() {
        assertThat(chosen(host("", ""), new Wish(null, null, false, true, false)))
                .isEqualTo("qemu kvm");
        assertThatThrownBy(() -> host("", "").choose(new Wish("firecracker", null, false, true, false)))
                .isInstanceOf(BangerException.class)
                .hasMessageContaining("firecracker with kvm: it needs a network with taps");
    }

    @Test
    void aVmThatHasQcow2DisksStaysWithWhatReadsThem() {
        assertThat(chosen(host("", ""), new Wish(null, null, true, false, false)))
                .isEqualTo("qemu kvm");
        assertThatThrownBy(() -> host("", "").choose(new Wish("firecracker", null, true, false, false)))
                .hasMessageContaining("qcow2");
    }

    @Test
    void whereNothingFitsEveryAttemptIsToldWithItsReason() {
        assertThatThrownBy(() -> host("not installed", "no /dev/kvm").choose(new Wish(null, "kvm", true, true, false)))
                .hasMessage(
                        "cannot run the VM: nothing here runs it (firecracker with kvm: not installed; qemu with kvm: no /dev/kvm)");
        assertThatThrownBy(() -> host("", "").choose(new Wish("firecracker", "tcg", true, true, false)))
                .hasMessageContaining("there is no firecracker with tcg");
    }

    @Test
    void aSavedMachineIsOfferedWhereItsBuildIs() {
        assertThat(host("", "").offers(new Vmm.Build("firecracker 1", "kvm"), "kvm", false))
                .isTrue();
        assertThat(host("gone", "").offers(new Vmm.Build("firecracker 1", "kvm"), "kvm", false))
                .isFalse();
        assertThat(host("", "").offers(new Vmm.Build("qemu 0", "tcg"), "tcg", false))
                .isFalse();
        assertThat(host("", "").offers(new Vmm.Build("qemu 1", "tcg"), "tcg", false))
                .isTrue();
    }

    @Test
    void doctorWarnsOfWhatWorksButWasNotTested() {
        VmmSelector selector =
                new VmmSelector(List.of(firecracker("", "release 9.0 is new"), qemu(Acceleration.TCG, "")));

        assertThat(selector.doctor())
                .anySatisfy(check -> {
                    assertThat(check.subject()).isEqualTo("firecracker with kvm");
                    assertThat(check.status()).isEqualTo(Status.WARN);
                    assertThat(check.finding()).isEqualTo("works, but release 9.0 is new");
                })
                .anySatisfy(check -> assertThat(check.status()).isEqualTo(Status.PASS));
    }
}
