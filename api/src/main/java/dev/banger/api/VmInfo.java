package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A VM as the API shows it; {@code vm show --json} prints these fields. The names are stable.
 *
 * @param vmm {@code qemu} or {@code firecracker}
 * @param acceleration {@code kvm} or {@code tcg} (software emulation) while running; else what was asked for, or {@code auto}
 * @param pid of the VMM process, while running
 * @param address the address on which the host reaches the VM's ssh and published ports
 * @param directory where the VM's files lie
 * @param diskBytes size of the work disk
 * @param diskUsedBytes what the VM's disks take up on the host
 * @param network {@code user} or {@code bridge}
 * @param lastError why the last start failed or the VM went down, if it did
 * @param lastStart the stages of the last start
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
        List<StageTiming> lastStart) {}
