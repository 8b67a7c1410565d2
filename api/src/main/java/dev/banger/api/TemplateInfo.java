package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;

/**
 * A machine that has booted and was saved: VMs of the same make start from it. {@code template show --json} prints these fields.
 *
 * @param id 16 hex digits, the same for the same make
 * @param image name of the image in it
 * @param kernel name of the kernel that runs in it
 * @param vmm the VMM that saved it, and the only one that can restore it
 * @param acceleration {@code kvm} or {@code tcg}
 * @param cpuModel what its guest takes the processor for
 * @param cpus virtual CPUs
 * @param memoryMiB memory in MiB
 * @param diskBytes what it takes up on the host
 * @param directory where it lies
 * @param current whether VMs can still start from it: otherwise image, kernel or agent were replaced, and it can be deleted
 */
@Json
public record TemplateInfo(
        String id,
        String image,
        String kernel,
        String vmm,
        String acceleration,
        String cpuModel,
        int cpus,
        long memoryMiB,
        long diskBytes,
        String directory,
        Instant createdAt,
        boolean current) {}
