package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;

/**
 * A kernel: what boots, with its modules.
 *
 * @param name what {@code --kernel} takes
 * @param version the kernel's own release, as {@code uname -r} prints it
 * @param digest SHA-256 over kernel and modules, hex
 * @param source where it came from, for people
 * @param diskBytes what it takes up on the host
 * @param createdAt when it was fetched
 * @param directory where its files lie
 * @param usedBy names of the VMs that boot it
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
