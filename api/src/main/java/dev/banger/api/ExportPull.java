package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * A kernel to take from an export.
 *
 * @param reference an absolute path, or {@code URL@sha256:DIGEST}
 * @param name what it is to be called; null: the last part of the reference's
 * @param refresh also if there is one of that name
 */
@Json
public record ExportPull(String reference, @Nullable String name, boolean refresh) {
    public ExportPull {
        // A JSON body may leave it out.
        reference = reference == null ? "" : reference;
    }
}
