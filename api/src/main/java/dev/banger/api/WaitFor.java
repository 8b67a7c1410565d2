package dev.banger.api;

/** How far a start goes before it counts as done. */
public enum WaitFor {
    /** The root is mounted, the network is up and commands run: the default. */
    AGENT,
    /** The image's init has finished starting. */
    SYSTEM
}
