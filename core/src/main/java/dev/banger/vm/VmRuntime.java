package dev.banger.vm;

import dev.banger.api.StageTiming;
import dev.banger.api.VmState;
import dev.banger.network.Tap;
import java.nio.file.Path;
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
 * @param startedFrom what the VM came from when it was last started: {@code boot}, {@code template}, {@code pool},
 *     {@code snapshot}, {@code fork}
 * @param base id of the snapshot that its disks are based on; null: they are based on nothing but the image
 * @param pausedByIdleness whether a command resumes it, should it be paused
 * @param tap its place at a bridge, while it runs (P39)
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
        List<StageTiming> lastStart,
        @Nullable String startedFrom,
        @Nullable String base,
        boolean pausedByIdleness,
        @Nullable Tap tap) {

    /** Of a new VM in {@code directory}, not started yet. */
    static VmRuntime in(Path directory, String name, String guestIp, String hostAddress, String mac, String machineId) {
        return new VmRuntime(
                VmState.CREATING,
                guestIp,
                hostAddress,
                directory.resolve("api.sock").toString(),
                directory.resolve("agent.sock").toString(),
                null,
                directory.resolve("console.log").toString(),
                directory.resolve("vmm.log").toString(),
                name + ".vm",
                directory.toString(),
                directory.resolve("root.qcow2").toString(),
                directory.resolve("work.qcow2").toString(),
                mac,
                machineId,
                0,
                null,
                null,
                List.of(),
                null,
                null,
                false,
                null);
    }

    public VmRuntime withState(VmState next) {
        return copy(next, sshPort, startedAt, lastError, lastStart, startedFrom, false, tap);
    }

    /** Paused; {@code byIdleness}: until the next command. */
    public VmRuntime paused(boolean byIdleness) {
        return copy(VmState.PAUSED, sshPort, startedAt, lastError, lastStart, startedFrom, byIdleness, tap);
    }

    /** Its disks are based on another snapshot. */
    public VmRuntime basedOn(@Nullable String snapshot) {
        return withDisks(systemOverlay, workDisk, snapshot);
    }

    /** Its disks are other files, based on another snapshot. */
    public VmRuntime withDisks(String root, String work, @Nullable String snapshot) {
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
                root,
                work,
                mac,
                machineId,
                sshPort,
                startedAt,
                lastError,
                lastStart,
                startedFrom,
                snapshot,
                pausedByIdleness,
                tap);
    }

    /** Stopped, or going down; {@code why} is null when that was asked for. */
    public VmRuntime stopped(@Nullable String why) {
        return copy(VmState.STOPPED, sshPort, null, why, lastStart, startedFrom, false, null);
    }

    /** The first start of a VM that is being created is a part of that: it stays CREATING, and goes should the daemon die. */
    public VmRuntime starting() {
        VmState next = state == VmState.CREATING ? VmState.CREATING : VmState.STARTING;
        return copy(next, sshPort, null, null, List.of(), null, false, null);
    }

    public VmRuntime running(Instant since, Vmm.Attachment network, List<StageTiming> timings, String from) {
        return copy(VmState.RUNNING, network.sshPort(), since, null, timings, from, false, network.tap());
    }

    private VmRuntime copy(
            VmState state,
            int sshPort,
            @Nullable Instant startedAt,
            @Nullable String lastError,
            List<StageTiming> lastStart,
            @Nullable String startedFrom,
            boolean pausedByIdleness,
            @Nullable Tap tap) {
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
                lastStart,
                startedFrom,
                base,
                pausedByIdleness,
                tap);
    }
}
