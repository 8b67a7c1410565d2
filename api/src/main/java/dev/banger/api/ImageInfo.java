package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;

/**
 * An image: a root file system that VMs share as their read-only base.
 *
 * @param name what {@code --image} takes
 * @param digest SHA-256 of the rootfs, hex
 * @param source where it came from, such as {@code debian bookworm}
 * @param hasInit whether it has an init of its own; where not, banger's agent is PID 1
 * @param virtualBytes size of its file system
 * @param diskBytes what it takes up on the host
 * @param createdAt when it was built
 * @param directory where its files lie
 * @param usedBy names of the VMs based on it
 * @param program what it says of the program it is made for
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
        List<String> usedBy,
        ImageProgram program) {}
