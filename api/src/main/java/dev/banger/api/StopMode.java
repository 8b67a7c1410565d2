package dev.banger.api;

/** How a VM is stopped. */
public enum StopMode {
    /** Ask the guest's init, wait, then force. */
    GRACEFUL,
    /** Like pulling the plug: what the guest has not written yet is lost. */
    KILL
}
