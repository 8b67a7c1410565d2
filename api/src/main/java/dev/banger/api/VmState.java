package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.Locale;

/** A VM's state. All but {@code RUNNING}, {@code PAUSED} and {@code STOPPED} are seen only while an operation holds the VM. */
public enum VmState {
    /** Its name is taken; kernel, image and disks are being prepared. A daemon that finds this at its start undoes it. */
    CREATING,
    STARTING,
    RUNNING,
    /** Its CPUs stand still; memory, processes and connections are kept. */
    PAUSED,
    STOPPING,
    STOPPED,
    /** Being deleted. A daemon that finds this at its start finishes it. */
    DELETING;

    /** As it is shown and stored: {@code running}. */
    @Json.Value
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
