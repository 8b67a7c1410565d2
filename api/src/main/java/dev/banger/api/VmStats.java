package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * A running VM's numbers: the guest's own view, and what its VMM costs the host.
 *
 * @param id 12 hex digits
 * @param name the VM's name
 * @param uptimeMillis since the guest's kernel started
 * @param load1 the guest's load average over one minute
 * @param memoryTotalBytes the guest's memory
 * @param memoryAvailableBytes how much of it programs could still get
 * @param rootTotalBytes size of the guest's root file system
 * @param rootAvailableBytes free space of it
 * @param workTotalBytes size of the work disk's file system; 0 when none is mounted
 * @param workAvailableBytes free space of it
 * @param processes how many run in the guest
 * @param guestCpuMillis CPU time used in the guest since it started, all processors together
 * @param vmmResidentBytes memory that the VMM takes up on the host
 * @param vmmProportionalBytes the same with each page divided by how many processes share it: VMs of one template share most
 * @param vmmCpuMillis CPU time that the VMM used on the host
 * @param traffic of its link, at a bridge; null: not known
 */
@Json
public record VmStats(
        String id,
        String name,
        long uptimeMillis,
        double load1,
        long memoryTotalBytes,
        long memoryAvailableBytes,
        long rootTotalBytes,
        long rootAvailableBytes,
        long workTotalBytes,
        long workAvailableBytes,
        long processes,
        long guestCpuMillis,
        long vmmResidentBytes,
        long vmmProportionalBytes,
        long vmmCpuMillis,
        @Nullable NetworkUsage traffic) {}
