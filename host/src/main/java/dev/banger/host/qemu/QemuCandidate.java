package dev.banger.host.qemu;

import dev.banger.host.linux.KvmProbe;
import dev.banger.host.linux.ProgramRelease.Release;
import dev.banger.operation.Lack;
import dev.banger.vm.Acceleration;
import dev.banger.vm.Vmm;
import dev.banger.vm.VmmSelector;
import java.nio.file.Path;

/** QEMU with one kind of acceleration, as {@link VmmSelector} tries it. Thread-safe. */
public final class QemuCandidate implements VmmSelector.Candidate {
    private final QemuVmm qemu;
    private final Acceleration acceleration;
    private final KvmProbe kvm;

    public QemuCandidate(QemuVmm qemu, Acceleration acceleration, KvmProbe kvm) {
        this.qemu = qemu;
        this.acceleration = acceleration;
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
        String obstacle = qemu.obstacle();
        if (!obstacle.isEmpty()) {
            return obstacle;
        }
        return switch (acceleration) {
            case TCG -> "";
            case KVM -> kvm.obstacle();
        };
    }

    @Override
    public Lack.Remedy remedy() {
        return qemu.obstacle().isEmpty() ? kvm.remedy() : qemu.remedy();
    }

    @Override
    public String release() {
        return qemu.release().map(Release::toString).orElse("");
    }

    @Override
    public String warning() {
        return qemu.release()
                .filter(its -> its.compareTo(QemuVmm.OLDEST_TESTED) < 0)
                .map(its ->
                        "release " + its + " is older than " + QemuVmm.OLDEST_TESTED + ", the oldest that was tested")
                .orElse("");
    }

    @Override
    public String nestedObstacle() {
        return switch (acceleration) {
            case TCG -> "";
            case KVM -> KvmProbe.nestedObstacle(Path.of("/sys/module"));
        };
    }
}
