package dev.banger.vm;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** What the OS shows of VMM processes. */
public interface VmmProcesses {
    /**
     * A process: its pid, and its start in clock ticks since boot, which together are unique until a reboot.
     *
     * @param vmm as {@link Vmm#name} has it
     */
    record VmmProcess(long pid, long startTicks, String vmm, String acceleration) {}

    /**
     * All VMM processes of VMs under {@code vmsDirectory}, by VM id: owned by this user, carrying the VM's marker among
     * their arguments and working in the VM's directory. Zombies are not among them.
     */
    Map<String, VmmProcess> scan(Path vmsDirectory);

    /** Whether exactly this process is alive and no zombie. */
    boolean isAlive(long pid, long startTicks);

    /** Kills exactly this process and waits for its end, at most five seconds. */
    void kill(VmmProcess process);

    /** Memory and CPU time of a process; empty when it is gone. */
    Optional<Usage> usage(long pid);

    /** @param proportionalBytes its pages, each divided by how many processes share it */
    record Usage(long residentBytes, long proportionalBytes, long cpuMillis) {}
}
