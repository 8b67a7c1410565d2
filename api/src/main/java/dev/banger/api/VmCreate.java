package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a new VM shall be. Whatever is null takes its default.
 *
 * @param name generated (two words) when null
 * @param image default {@code debian}
 * @param kernel default {@code debian}
 * @param cpus default 2, at most what the host has
 * @param memoryMiB default 512
 * @param diskBytes size of the work disk, default 8 GiB
 * @param acceleration {@code kvm} or {@code tcg}; {@code auto} and null: the best that works here
 * @param ports published ports, default none
 * @param start whether to start it
 * @param cold whether it boots although there is a template to start from
 * @param idlePauseSeconds after how long without a command, ssh or network traffic it is paused until it is needed; null: never
 * @param ephemeral whether the VM is to be deleted when the daemon that made it ends, should its maker not do so before
 * @param waitFor how far the start goes before it counts as done
 * @param network how it is attached to a network; null: in user mode
 * @param nested whether it can run VMs itself, with KVM
 * @param vmm {@code qemu} or {@code firecracker}; {@code auto} and null: the best that works here
 * @param project what a project file adds; null: nothing
 * @param runtimeDir a runtime bundle, whose rootfs and kernel are the image and kernel where these are null; null: none
 */
@Json
public record VmCreate(
        @Nullable String name,
        @Nullable String image,
        @Nullable String kernel,
        @Nullable Integer cpus,
        @Nullable Long memoryMiB,
        @Nullable Long diskBytes,
        @Nullable String acceleration,
        List<PublishedPort> ports,
        boolean start,
        boolean cold,
        @Nullable Long idlePauseSeconds,
        boolean ephemeral,
        @Nullable WaitFor waitFor,
        @Nullable VmNetwork network,
        boolean nested,
        @Nullable String vmm,
        @Nullable VmProject project,
        @Nullable String runtimeDir) {
    public VmCreate {
        vmm = "auto".equals(vmm) ? null : vmm;
        acceleration = "auto".equals(acceleration) ? null : acceleration;
        // A JSON body may leave it out.
        ports = ports == null ? List.of() : List.copyOf(ports);
    }
}
