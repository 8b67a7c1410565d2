package dev.banger.vm;

import dev.banger.api.PublishedPort;
import dev.banger.api.VmProject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a VM was asked to be. Durable.
 *
 * @param image name of the image it was made from
 * @param imageDigest which build of that image its root overlay is based on; empty while the VM is being created
 * @param workDiskBytes 0: it has none, and its home is on the root disk
 * @param acceleration {@code kvm} or {@code tcg} when asked for; null: what works
 * @param network name of one of {@link Networks}
 * @param ephemeral whether it is deleted with the command it was made for, at the latest when the next daemon starts
 * @param idlePauseSeconds after how long without activity it is paused; 0: never
 * @param nat whether it reaches beyond the host, at a bridge
 * @param allowHosts what of that, as {@link NetworkPolicy} reads it; empty: everything
 * @param netRate bits per second that it may send, and as many that it may get, at a bridge; 0: no limit
 * @param nested whether it can run VMs itself, with KVM
 * @param vmm {@code qemu} or {@code firecracker} when asked for; null: what works
 * @param project what a project file adds, its setup until that has been done; null: nothing
 */
public record VmSpec(
        String image,
        String imageDigest,
        String kernel,
        int cpus,
        long memoryMiB,
        long workDiskBytes,
        @Nullable String acceleration,
        String network,
        List<PublishedPort> ports,
        boolean ephemeral,
        long idlePauseSeconds,
        boolean nat,
        List<String> allowHosts,
        long netRate,
        boolean nested,
        @Nullable String vmm,
        @Nullable VmProject project) {
    public VmSpec {
        ports = List.copyOf(ports);
        allowHosts =
                allowHosts == null ? List.of() : List.copyOf(allowHosts); // one stored before there was any has none
    }

    public VmSpec withImageDigest(String digest) {
        return new VmSpec(
                image,
                digest,
                kernel,
                cpus,
                memoryMiB,
                workDiskBytes,
                acceleration,
                network,
                ports,
                ephemeral,
                idlePauseSeconds,
                nat,
                allowHosts,
                netRate,
                nested,
                vmm,
                project);
    }

    VmSpec withProject(VmProject changed) {
        return new VmSpec(
                image,
                imageDigest,
                kernel,
                cpus,
                memoryMiB,
                workDiskBytes,
                acceleration,
                network,
                ports,
                ephemeral,
                idlePauseSeconds,
                nat,
                allowHosts,
                netRate,
                nested,
                vmm,
                changed);
    }

    /** The same but for what a running VM can change. */
    boolean sameMachineAs(VmSpec other) {
        return withChangeable(other).equals(other);
    }

    private VmSpec withChangeable(VmSpec of) {
        return new VmSpec(
                image,
                imageDigest,
                kernel,
                cpus,
                memoryMiB,
                of.workDiskBytes,
                acceleration,
                network,
                ports,
                ephemeral,
                of.idlePauseSeconds,
                of.nat,
                of.allowHosts,
                of.netRate,
                nested,
                vmm,
                project);
    }
}
