package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * An image to pull.
 *
 * @param reference {@code HOST[:PORT]/NAME[:TAG][@DIGEST]}, or {@code oci:DIRECTORY[:TAG]}, {@code oci-archive:FILE[:TAG]},
 *     {@code docker-archive:FILE[:TAG]} with an absolute path
 * @param name of the image; null: the last part of the reference's, and its tag
 * @param refresh pull again even if an image of that name is there
 * @param plainHttp speak http with the registry; without it only with one on this host
 */
@Json
public record ImagePull(String reference, @Nullable String name, boolean refresh, boolean plainHttp) {
    public ImagePull {
        // A JSON body may leave it out.
        reference = reference == null ? "" : reference;
    }
}
