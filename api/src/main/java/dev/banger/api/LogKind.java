package dev.banger.api;

/** Which log of a VM. */
public enum LogKind {
    /** The serial console: kernel and init. */
    CONSOLE,
    /** What the VMM itself said. */
    VMM
}
