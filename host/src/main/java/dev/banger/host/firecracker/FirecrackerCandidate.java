package dev.banger.host.firecracker;

import dev.banger.host.linux.KvmProbe;
import dev.banger.vm.Acceleration;
import dev.banger.vm.Vmm;
import dev.banger.vm.VmmSelector;
import java.util.List;
import java.util.function.Supplier;

/** Firecracker, as {@link VmmSelector} tries it. Thread-safe. */
public final class FirecrackerCandidate implements VmmSelector.Candidate {
    private final FirecrackerVmm firecracker;
    private final FirecrackerProgram program;
    private final KvmProbe kvm;
    private final Supplier<List<String>> missing;

    /** {@code missing}: what else this host lacks for it, a sentence each. */
    public FirecrackerCandidate(
            FirecrackerVmm firecracker, FirecrackerProgram program, KvmProbe kvm, Supplier<List<String>> missing) {
        this.firecracker = firecracker;
        this.program = program;
        this.kvm = kvm;
        this.missing = missing;
    }

    @Override
    public Vmm vmm() {
        return firecracker;
    }

    @Override
    public Acceleration acceleration() {
        return Acceleration.KVM;
    }

    @Override
    public boolean needsTap() {
        return true;
    }

    @Override
    public String obstacle() {
        String obstacle = program.obstacle();
        if (obstacle.isEmpty()) {
            obstacle = kvm.obstacle();
        }
        return obstacle.isEmpty() ? String.join("; ", missing.get()) : obstacle;
    }

    @Override
    public String nestedObstacle() {
        return "VMs in VMs are QEMU's alone";
    }

    @Override
    public String warning() {
        return program.warning();
    }
}
