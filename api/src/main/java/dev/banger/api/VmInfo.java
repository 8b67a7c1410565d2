package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A VM as the API shows it; {@code vm show --json} prints these fields. The names are stable.
 *
 * @param id 12 hex digits
 * @param name also the guest's hostname
 * @param state what it is doing
 * @param vmm {@code qemu} or {@code firecracker} while running; else what was asked for, or {@code auto}
 * @param acceleration {@code kvm} or {@code tcg} (software emulation) while running; else what was asked for, or {@code auto}
 * @param pid of the VMM process, while running
 * @param address the address on which the host reaches the VM's ssh and published ports
 * @param directory where the VM's files lie
 * @param image name of the image it was made from
 * @param kernel name of the kernel it boots
 * @param cpus virtual CPUs
 * @param memoryMiB memory in MiB
 * @param diskBytes size of the work disk
 * @param diskUsedBytes what the VM's disks take up on the host
 * @param network {@code user} or {@code bridge}
 * @param ports what is published on {@code address}
 * @param sshPort where the guest's ssh appears on {@code address}; 0 until the first start
 * @param createdAt when it was made
 * @param startedAt when it was last started, while running
 * @param lastError why the last start failed or the VM went down, if it did
 * @param lastStart the stages of the last start
 * @param startedFrom what it came from when it was last started: {@code boot}, {@code template}, {@code pool}, {@code snapshot},
 *     {@code fork}
 * @param idlePauseSeconds after how long without activity it is paused; 0: never
 * @param nat whether it reaches beyond the host, at a bridge
 * @param allowHosts all that it then reaches; empty: everything
 * @param pinned the addresses of names in {@code allowHosts} that it was told, which it may reach
 * @param denied packets that it sent beyond the host and that were not let through, since it was started
 * @param netRate bits per second that it may send, and as many that it may get, at a bridge; 0: no limit
 * @param traffic while it runs, at a bridge; null: not known
 * @param nested whether it can run VMs itself, with KVM
 * @param project the project file it was made by
 */
@Json
public record VmInfo(
        String id,
        String name,
        VmState state,
        String vmm,
        String acceleration,
        @Nullable Long pid,
        String address,
        String directory,
        String image,
        String kernel,
        int cpus,
        long memoryMiB,
        long diskBytes,
        long diskUsedBytes,
        String network,
        List<PublishedPort> ports,
        int sshPort,
        Instant createdAt,
        @Nullable Instant startedAt,
        @Nullable String lastError,
        List<StageTiming> lastStart,
        @Nullable String startedFrom,
        long idlePauseSeconds,
        boolean nat,
        List<String> allowHosts,
        List<PinnedAddress> pinned,
        long denied,
        long netRate,
        @Nullable NetworkUsage traffic,
        boolean nested,
        @Nullable String project) {}
