package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * What was published.
 *
 * @param catalog the catalog as the configuration names it, {@code DIRECTORY#ed25519:KEY}
 * @param serial of the catalog: one more than before
 * @param export what was put into it
 */
@Json
public record PublishInfo(String catalog, long serial, ExportInfo export) {}
