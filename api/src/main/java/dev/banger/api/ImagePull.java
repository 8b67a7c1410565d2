package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * An image to pull.
 *
 * @param reference {@code [HOST[:PORT]/]NAME[:TAG][@DIGEST]}, or {@code oci:DIRECTORY[:TAG]}, {@code oci-archive:FILE[:TAG]},
 *     {@code docker-archive:FILE[:TAG]} with an absolute path; an export's absolute path
 *     or {@code URL@sha256:DIGEST}; or a name that a catalog has
 * @param name of the image; null: the last part of the reference's, and its tag
 * @param refresh pull again even if an image of that name is there
 * @param plainHttp speak http with the registry; without it only with one on this host
 * @param platform {@code linux/ARCHITECTURE[/VARIANT]}; null: this host's
 * @param catalog the only one to look into for a name, {@code LOCATION#KEY}; null: those that are configured
 */
@Json
public record ImagePull(
        String reference,
        @Nullable String name,
        boolean refresh,
        boolean plainHttp,
        @Nullable String platform,
        @Nullable String catalog) {
    public ImagePull {
        // A JSON body may leave it out.
        reference = reference == null ? "" : reference;
    }

    /** One that is kept if it is there, for this host. */
    public static ImagePull of(String reference) {
        return new ImagePull(reference, null, false, false, null, null);
    }
}
