package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * What to take out of a catalog.
 *
 * @param kind {@code image} or {@code kernel}
 * @param name as the catalog lists it
 * @param directory the catalog's, absolute
 * @param key file with the Ed25519 key that signs it, absolute: PKCS #8 in PEM
 * @param prune delete the parts that nothing in the catalog needs any more
 */
@Json
public record UnpublishRequest(String kind, String name, String directory, String key, boolean prune) {
    public UnpublishRequest {
        // A JSON body may leave them out.
        kind = kind == null ? "" : kind;
        name = name == null ? "" : name;
        directory = directory == null ? "" : directory;
        key = key == null ? "" : key;
    }
}
