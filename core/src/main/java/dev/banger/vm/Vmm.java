package dev.banger.vm;

import dev.banger.api.PublishedPort;
import dev.banger.network.Tap;
import dev.banger.vm.RootDisks.Disk;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A kind of virtual machine monitor. Thread-safe. */
public interface Vmm {
    /** {@code qemu} or {@code firecracker} */
    String name();

    /** Whether it takes disks only as they are: files and devices with nothing but the disk's bytes. */
    boolean needsRawDisks();

    /**
     * Starts the VMM's process, in a session of its own so that it outlives the daemon, and the guest in it. Returns when its
     * control socket answers; the guest is then booting. Interruptible; on failure nothing is left of the process.
     */
    RunningVm boot(BootSpec spec);

    /**
     * Starts the VMM's process with a saved machine in it, which then is as it was when it was saved, and paused. Its memory is
     * mapped from the file, copy-on-write: the file must not change as long as the process lives. Interruptible; on failure
     * nothing is left of the process.
     *
     * @param spec as the machine was when it was saved, but for its disks' content, its network and its directory
     * @param memory the file {@link RunningVm#save} made
     * @param state the file {@link RunningVm#save} made
     */
    RunningVm restore(BootSpec spec, Path memory, Path state);

    /** Takes up a VM whose process runs already, after the daemon was restarted. */
    RunningVm reattach(VmRecord vm, VmHandles handles);

    /** What a saved machine needs to be restored: this VMM, in this build, with this CPU. */
    Build build(Acceleration acceleration, boolean nested);

    /**
     * @param vmm name and build
     * @param cpuModel the model that guests are given
     */
    record Build(String vmm, String cpuModel) {}

    /**
     * What boots.
     *
     * @param directory the VM's own, with sockets and logs in it
     * @param nested whether its CPU can run VMs, too
     */
    record BootSpec(
            String vmId,
            String name,
            Path directory,
            int cpus,
            long memoryMiB,
            Acceleration acceleration,
            boolean nested,
            Path kernel,
            Path initramfs,
            List<Disk> disks,
            Attachment network,
            VmRuntime runtime) {}

    /**
     * How the VM is attached to its network.
     *
     * @param sshPort where its ssh appears; 0: nowhere
     * @param tap that its frames go to; null: the VMM has a network of its own for it
     */
    record Attachment(
            String hostAddress,
            String mac,
            int sshPort,
            List<PublishedPort> ports,
            @Nullable Tap tap) {

        /** A network card that is connected to nothing. A machine saved with it can be restored with any network. */
        static Attachment none(String mac) {
            return new Attachment("", mac, 0, List.of(), null);
        }

        public boolean isConnected() {
            return !hostAddress.isEmpty();
        }
    }
}
