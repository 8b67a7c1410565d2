package dev.banger.host.firecracker;

import dev.banger.host.linux.KvmProbe;
import dev.banger.operation.Lack;
import dev.banger.vm.Acceleration;
import dev.banger.vm.Vmm;
import dev.banger.vm.VmmSelector;

/** Firecracker, as {@link VmmSelector} tries it. Thread-safe. */
public final class FirecrackerCandidate implements VmmSelector.Candidate {
    private final FirecrackerVmm firecracker;
    private final FirecrackerProgram program;
    private final KvmProbe kvm;

    public FirecrackerCandidate(FirecrackerVmm firecracker, FirecrackerProgram program, KvmProbe kvm) {
        this.firecracker = firecracker;
        this.program = program;
        this.kvm = kvm;
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
        return obstacle.isEmpty() ? kvm.obstacle() : obstacle;
    }

    @Override
    public Lack.Remedy remedy() {
        return program.obstacle().isEmpty() ? kvm.remedy() : program.remedy();
    }

    @Override
    public String release() {
        return program.releaseHere();
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
