package dev.banger.vm;

import dev.banger.api.StageTiming;
import dev.banger.api.VmState;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Intent, identity and deterministic paths of a VM. Durable. What the kernel gave this boot is {@link VmHandles}.
 *
 * @param guestIp the address inside the guest, with prefix length
 * @param hostAddress where the host reaches the VM: its own loopback address in user mode
 * @param apiSocket the VMM's control socket
 * @param vsockPath the host's end of the channel to the guest agent
 * @param vsockCid the guest's context id, where the channel is a vsock
 * @param logPath the serial console's log
 * @param vmmLogPath what the VMM says
 * @param dnsName such as {@code dev.vm}
 * @param systemOverlay the root disk's overlay
 * @param machineId 32 hex digits
 * @param sshPort the guest's ssh on the host address; 0 until the first start
 * @param lastStart how long each part of the last start took
 */
public record VmRuntime(
        VmState state,
        String guestIp,
        String hostAddress,
        String apiSocket,
        String vsockPath,
        @Nullable Long vsockCid,
        String logPath,
        String vmmLogPath,
        String dnsName,
        String directory,
        String systemOverlay,
        String workDisk,
        String mac,
        String machineId,
        int sshPort,
        @Nullable Instant startedAt,
        @Nullable String lastError,
        List<StageTiming> lastStart) {

    public VmRuntime withState(VmState next) {
        return copy(next, sshPort, startedAt, lastError, lastStart);
    }

    /** Stopped, or going down; {@code why} is null when that was asked for. */
    public VmRuntime stopped(@Nullable String why) {
        return copy(VmState.STOPPED, sshPort, null, why, lastStart);
    }

    /** The first start of a VM that is being created is a part of that: it stays CREATING, and goes should the daemon die. */
    public VmRuntime starting() {
        VmState next = state == VmState.CREATING ? VmState.CREATING : VmState.STARTING;
        return copy(next, sshPort, null, null, List.of());
    }

    public VmRuntime running(Instant since, int port, List<StageTiming> timings) {
        return copy(VmState.RUNNING, port, since, null, timings);
    }

    private VmRuntime copy(
            VmState state,
            int sshPort,
            @Nullable Instant startedAt,
            @Nullable String lastError,
            List<StageTiming> lastStart) {
        return new VmRuntime(
                state,
                guestIp,
                hostAddress,
                apiSocket,
                vsockPath,
                vsockCid,
                logPath,
                vmmLogPath,
                dnsName,
                directory,
                systemOverlay,
                workDisk,
                mac,
                machineId,
                sshPort,
                startedAt,
                lastError,
                lastStart);
    }
}
