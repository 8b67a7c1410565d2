package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot to be made.
 *
 * @param name unique among those of its VM; null: one is made up
 */
@Json
public record SnapshotCreate(@Nullable String name) {}
