package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a new VM shall be unless its maker says otherwise: by the configuration file, the project file and the environment. What is
 * null none of them says.
 *
 * @param image the image it starts from
 * @param kernel the kernel it boots
 * @param cpus virtual CPUs
 * @param memoryMiB memory in MiB
 * @param diskBytes size of the work disk
 * @param acceleration {@code auto}, {@code kvm} or {@code tcg}
 * @param vmm {@code auto}, {@code qemu} or {@code firecracker}
 * @param network the network's name
 * @param idlePauseSeconds after how long without activity it is paused
 * @param runtimeDir the runtime bundle
 * @param user the guest's user that commands run as
 * @param ports what the project publishes, on the VM's own address
 * @param project what else the project file says
 * @param notices what the one who asked has to know: which project file is used and what for, or why one is not
 */
@Json
public record VmDefaults(
        @Nullable String image,
        @Nullable String kernel,
        @Nullable Integer cpus,
        @Nullable Long memoryMiB,
        @Nullable Long diskBytes,
        @Nullable String acceleration,
        @Nullable String vmm,
        @Nullable String network,
        @Nullable Long idlePauseSeconds,
        @Nullable String runtimeDir,
        @Nullable String user,
        List<PublishedPort> ports,
        @Nullable VmProject project,
        List<String> notices) {}
