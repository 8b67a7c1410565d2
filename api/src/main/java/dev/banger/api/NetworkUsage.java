package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * What went over a VM's link since it was started, frames with their headers.
 *
 * @param receivedBytes by the guest
 * @param receivedPackets by the guest
 * @param sentBytes by the guest, whether it arrived or was dropped
 * @param sentPackets by the guest, the same
 */
@Json
public record NetworkUsage(long receivedBytes, long receivedPackets, long sentBytes, long sentPackets) {}
