package dev.banger.vm;

import dev.banger.api.PublishedPort;
import dev.banger.network.Tap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel gave a VM this boot. Never durable state: it lives in the {@link HandleCache}, mirrored to
 * {@code handles.json} in the VM's directory. A hint, where the OS shows something else the OS is right.
 *
 * @param pid of the VMM
 * @param startTicks the process's start time in clock ticks since boot (proc_pid_stat(5), field 22): tells a reused pid
 * @param vmm {@code qemu}
 * @param acceleration {@code kvm} or {@code tcg}
 * @param ports what is published right now
 * @param tap the tap device; null in user mode
 * @param baseLoop loop device below a device-mapper snapshot; null without one
 * @param cowLoop loop device of its changes
 * @param dmName device-mapper name
 * @param dmDevice device-mapper device
 */
public record VmHandles(
        long pid,
        long startTicks,
        String vmm,
        String acceleration,
        int sshPort,
        List<PublishedPort> ports,
        @Nullable String tap,
        @Nullable String baseLoop,
        @Nullable String cowLoop,
        @Nullable String dmName,
        @Nullable String dmDevice) {

    public static VmHandles ofProcess(
            long pid, long startTicks, String vmm, String acceleration, int sshPort, List<PublishedPort> ports) {
        return new VmHandles(pid, startTicks, vmm, acceleration, sshPort, ports, null, null, null, null, null);
    }

    /** Of the same process, once ports are published. */
    public VmHandles withPorts(int newSshPort, List<PublishedPort> newPorts) {
        return new VmHandles(
                pid, startTicks, vmm, acceleration, newSshPort, newPorts, tap, baseLoop, cowLoop, dmName, dmDevice);
    }

    /** With what else the host gave the VM, as the host shows it. */
    VmHandles with(@Nullable Tap itsTap, Optional<RootDisks.Devices> devices) {
        return new VmHandles(
                pid,
                startTicks,
                vmm,
                acceleration,
                sshPort,
                ports,
                itsTap == null ? null : itsTap.name(),
                devices.map(RootDisks.Devices::baseLoop).orElse(null),
                devices.map(RootDisks.Devices::cowLoop).orElse(null),
                devices.map(RootDisks.Devices::dmName).orElse(null),
                devices.map(RootDisks.Devices::dmDevice).orElse(null));
    }
}
