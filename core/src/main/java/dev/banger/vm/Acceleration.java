package dev.banger.vm;

/** How a VMM runs the guest's code. */
public enum Acceleration {
    /** On the CPU, through /dev/kvm. */
    KVM,
    /** Translated by QEMU's Tiny Code Generator: works everywhere, several times slower. */
    TCG;

    /** The name in specs, handles and output: {@code kvm}, {@code tcg}. */
    public String label() {
        return this == KVM ? "kvm" : "tcg";
    }
}
