package dev.banger.host.qemu;

import dev.banger.host.linux.KvmProbe;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.vm.Acceleration;
import dev.banger.vm.Vmm;
import dev.banger.vm.VmmSelector;
import java.nio.file.Path;

/** QEMU with one kind of acceleration, as {@link VmmSelector} tries it. Thread-safe. */
public final class QemuCandidate implements VmmSelector.Candidate {
    private final QemuVmm qemu;
    private final Acceleration acceleration;
    private final ProgramRunner programs;
    private final KvmProbe kvm;

    public QemuCandidate(QemuVmm qemu, Acceleration acceleration, ProgramRunner programs, KvmProbe kvm) {
        this.qemu = qemu;
        this.acceleration = acceleration;
        this.programs = programs;
        this.kvm = kvm;
    }

    @Override
    public Vmm vmm() {
        return qemu;
    }

    @Override
    public Acceleration acceleration() {
        return acceleration;
    }

    @Override
    public String obstacle() {
        if (programs.find(QemuVmm.PROGRAM).isEmpty()) {
            return QemuVmm.PROGRAM + " is not installed (sudo apt-get install qemu-system-x86)";
        }
        return switch (acceleration) {
            case TCG -> "";
            case KVM -> kvm.obstacle();
        };
    }

    @Override
    public String nestedObstacle() {
        return switch (acceleration) {
            case TCG -> "";
            case KVM -> KvmProbe.nestedObstacle(Path.of("/sys/module"));
        };
    }
}
