package dev.banger.image;

import dev.banger.api.ImageProgram;
import dev.banger.export.Content;
import java.nio.file.Path;
import java.time.Instant;

/**
 * A published image. Its directory never changes once it is published.
 *
 * @param digest SHA-256 of the rootfs, hex; part of its directory's name, so a new build never touches running VMs
 * @param source where it came from, for people
 * @param hasInit whether the root has an init of its own
 * @param virtualBytes size of the ext4 file system
 * @param dataBytes what is really in it
 * @param rootfs a raw ext4 file, sparse, read-only
 * @param program what it says of the program it is made for
 */
public record Image(
        String name,
        String digest,
        String source,
        boolean hasInit,
        long virtualBytes,
        long dataBytes,
        Instant createdAt,
        Path directory,
        Path rootfs,
        ImageProgram program) {
    /** What an export says of it. */
    Content content() {
        return new Content(Content.Kind.IMAGE, name, digest, source, "", hasInit, virtualBytes, dataBytes, program);
    }
}
