package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;

/**
 * An image: a root file system that VMs share as their read-only base.
 *
 * @param digest SHA-256 of the rootfs, hex
 * @param source where it came from, such as {@code debian bookworm}
 * @param virtualBytes size of its file system
 * @param diskBytes what it takes up on the host
 * @param usedBy names of the VMs based on it
 */
@Json
public record ImageInfo(
        String name,
        String digest,
        String source,
        boolean hasInit,
        long virtualBytes,
        long diskBytes,
        Instant createdAt,
        String directory,
        List<String> usedBy) {}
