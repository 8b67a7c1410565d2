package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;

/**
 * A kernel: what boots, with its modules.
 *
 * @param version the kernel's own release, as {@code uname -r} prints it
 * @param digest SHA-256 over kernel and modules, hex
 */
@Json
public record KernelInfo(
        String name,
        String version,
        String digest,
        String source,
        long diskBytes,
        Instant createdAt,
        String directory,
        List<String> usedBy) {}
