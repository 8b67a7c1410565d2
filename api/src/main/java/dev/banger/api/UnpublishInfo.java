package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * A catalog from which something was taken.
 *
 * @param catalog the catalog as the configuration names it, {@code DIRECTORY#ed25519:KEY}
 * @param serial of the catalog: one more than before
 * @param entries that it lists still
 * @param prunedBytes of the parts that were deleted
 */
@Json
public record UnpublishInfo(String catalog, long serial, int entries, long prunedBytes) {}
