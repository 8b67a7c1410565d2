package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An image to build.
 *
 * @param name of the image; null: the source's own name
 * @param source {@code debian} (from Debian's packages), or {@code tar} / {@code directory} / {@code ext4} (a root file
 *     system on the host)
 * @param path the file or directory for those sources
 * @param packages additional Debian packages
 * @param refresh build again even if an image of that name is there
 */
@Json
public record ImageBuild(
        @Nullable String name, String source, @Nullable String path, List<String> packages, boolean refresh) {
    public ImageBuild {
        // A JSON body may leave them out.
        packages = packages == null ? List.of() : List.copyOf(packages);
        source = source == null ? "debian" : source;
    }
}
