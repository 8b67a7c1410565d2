package dev.banger.vm;

import dev.banger.api.PublishedPort;
import dev.banger.vm.RootDisks.Disk;
import java.nio.file.Path;
import java.util.List;

/** A kind of virtual machine monitor. Thread-safe. */
public interface Vmm {
    /** {@code qemu} */
    String name();

    /**
     * Starts the VMM's process, in a session of its own so that it outlives the daemon, and the guest in it. Returns when its
     * control socket answers; the guest is then booting. Interruptible; on failure nothing is left of the process.
     */
    RunningVm boot(BootSpec spec);

    /** Takes up a VM whose process runs already, after the daemon was restarted. */
    RunningVm reattach(VmRecord vm, VmHandles handles);

    /**
     * What boots.
     *
     * @param directory the VM's own, with sockets and logs in it
     * @param ports published on {@code hostAddress}, ssh included
     */
    record BootSpec(
            String vmId,
            String name,
            Path directory,
            int cpus,
            long memoryMiB,
            Acceleration acceleration,
            Path kernel,
            Path initramfs,
            List<Disk> disks,
            Attachment network,
            VmRuntime runtime) {}

    /** How the VM is attached to its network. */
    record Attachment(String hostAddress, String mac, int sshPort, List<PublishedPort> ports) {}
}
