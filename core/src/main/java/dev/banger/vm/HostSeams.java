package dev.banger.vm;

import java.util.List;

/** The host's side of a VM, as one parameter: what {@link VmService} needs from the adapters. */
public record HostSeams(
        VmmSelector vmms,
        RootDisks rootDisks,
        Networks networks,
        GuestConnector guests,
        VmmProcesses processes,
        List<VmCapability> capabilities,
        HostCapacity capacity) {

    public HostSeams {
        capabilities = List.copyOf(capabilities);
    }

    /** What the host has: logical CPUs and memory. */
    public record HostCapacity(int cpus, long memoryMiB) {}
}
