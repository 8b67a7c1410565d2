package dev.banger.vm;

/** The one predicate that answers "is this VM alive?" (B5). Thread-safe. */
public final class VmLiveness {
    private final HandleCache handles;
    private final VmmProcesses processes;

    public VmLiveness(HandleCache handles, VmmProcesses processes) {
        this.handles = handles;
        this.processes = processes;
    }

    /** Whether the VMM process that was started for this VM exists and is no zombie. */
    public boolean isAlive(String vmId) {
        return handles.get(vmId)
                .map(found -> processes.isAlive(found.pid(), found.startTicks()))
                .orElse(false);
    }
}
