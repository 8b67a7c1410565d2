package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A runtime bundle as banger reads it.
 *
 * @param directory the bundle's directory
 * @param origin who names it: the command, a variable, or a place in the configuration file
 * @param described whether it has a bundle.json; else it is read by the older fixed layout
 * @param image what an image made from its rootfs is called; null: it has none
 * @param kernel what its kernel is called; null: it has none
 * @param parts what is in it
 * @param problems what is wrong, each with file, key and line; then the parts are the rest
 */
@Json
public record BundleReport(
        String directory,
        String origin,
        boolean described,
        @Nullable String image,
        @Nullable String kernel,
        List<Part> parts,
        List<String> problems) {
    /** The path of a part, if it has it. */
    public Optional<String> path(String key) {
        return parts.stream()
                .filter(part -> part.key().equals(key))
                .map(Part::path)
                .findFirst();
    }

    /**
     * One path.
     *
     * @param key such as {@code helpers.firecracker}
     * @param path the file or directory, from the root on
     * @param origin the place in bundle.json, or what of the older layout was found
     */
    @Json
    public record Part(String key, String path, String origin) {}
}
