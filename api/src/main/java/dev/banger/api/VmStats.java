package dev.banger.api;

import io.avaje.jsonb.Json;

/** A running VM's numbers: the guest's own view, and what its VMM costs the host. Bytes, milliseconds, load x 1. */
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
        long vmmCpuMillis) {}
