package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A change to a stopped VM; what is null stays.
 *
 * @param cpus virtual CPUs
 * @param memoryMiB memory in MiB
 * @param diskBytes size of the work disk, which can only grow
 * @param kernel name of the kernel it boots
 * @param idlePauseSeconds after how long without activity it is paused; 0: never. May change while it runs
 * @param ports replaces all published ports
 * @param nat whether a bridged VM reaches beyond the host. May change while it runs
 * @param allowHosts replaces what it reaches with NAT; none: everything. May change while it runs
 * @param netRate bits per second that a bridged VM may send, and as many that it may get; 0: no limit. May change while it runs
 */
@Json
public record VmSet(
        @Nullable Integer cpus,
        @Nullable Long memoryMiB,
        @Nullable Long diskBytes,
        @Nullable String kernel,
        @Nullable Long idlePauseSeconds,
        @Nullable List<PublishedPort> ports,
        @Nullable Boolean nat,
        @Nullable List<String> allowHosts,
        @Nullable Long netRate) {}
