package dev.banger.api;

import io.avaje.jsonb.Json;
import java.time.Instant;

/**
 * A layer that was fetched from a registry, kept so that no pull fetches it again.
 *
 * @param digest of its blob
 * @param bytes what it takes up
 * @param whole whether all of it has come; else the next pull that needs it goes on with it
 * @param usedAt when a pull last used it
 */
@Json
public record CachedLayer(String digest, long bytes, boolean whole, Instant usedAt) {}
