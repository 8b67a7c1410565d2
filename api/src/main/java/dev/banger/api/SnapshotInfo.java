package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A VM as it was at one moment. {@code vm snapshot ls --json} prints these fields.
 *
 * @param id 12 hex digits
 * @param name its name among the snapshots of its VM; null: it is kept only because disks are based on it
 * @param vm name of the VM it was made of
 * @param memory whether memory and processes are in it: of a stopped VM only the disks are
 * @param parent id of the snapshot its disks are based on
 * @param current whether the VM's disks are based on this one right now
 * @param vmm the VMM that can restore its memory
 * @param image name of the image below its root disk
 * @param kernel name of the kernel that runs in it
 * @param diskBytes what it takes up on the host
 * @param usedBy what is based on it: VMs and snapshots, by name
 */
@Json
public record SnapshotInfo(
        String id,
        @Nullable String name,
        String vm,
        boolean memory,
        @Nullable String parent,
        boolean current,
        String vmm,
        String image,
        String kernel,
        long diskBytes,
        Instant createdAt,
        List<String> usedBy) {}
