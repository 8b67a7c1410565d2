package dev.banger.host.store;

import dev.banger.api.ImageProgram;
import io.avaje.jsonb.Json;
import java.time.Instant;

/**
 * {@code image.json} and {@code kernel.json}: what is known of a published directory.
 *
 * @param version a kernel's release; empty for an image
 * @param hasInit of an image
 * @param virtualBytes size of an image's file system
 * @param dataBytes what is really in it
 * @param program what an image says of the program it is made for
 */
@Json
record PublishedFacts(
        String name,
        String digest,
        String source,
        String version,
        boolean hasInit,
        long virtualBytes,
        long dataBytes,
        Instant createdAt,
        ImageProgram program) {
    PublishedFacts {
        // An older one lacks it.
        program = program == null ? ImageProgram.NONE : program;
    }

    PublishedFacts named(String other) {
        return new PublishedFacts(other, digest, source, version, hasInit, virtualBytes, dataBytes, createdAt, program);
    }
}
