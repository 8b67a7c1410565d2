package dev.banger.api;

import io.avaje.jsonb.Json;

/**
 * A catalog to put an image or kernel into.
 *
 * @param directory the catalog's, absolute; made if it is not there
 * @param key file with the Ed25519 key that signs it, absolute: PKCS #8 in PEM
 * @param newKey make the key if the file is not there
 */
@Json
public record PublishRequest(String directory, String key, boolean newKey) {
    public PublishRequest {
        // A JSON body may leave them out.
        directory = directory == null ? "" : directory;
        key = key == null ? "" : key;
    }
}
