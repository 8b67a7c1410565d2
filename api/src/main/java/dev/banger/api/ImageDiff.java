package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What one image has that another one has not.
 *
 * @param packages installed packages of dpkg and apk, by name; none where an image has neither
 * @param files files by their paths
 */
@Json
public record ImageDiff(List<PackageChange> packages, List<FileChange> files) {
    /** What happened to something, from the first image to the second. */
    public enum Change {
        ADDED,
        REMOVED,
        CHANGED;

        /** As it is shown: {@code added}. */
        @Json.Value
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A package.
     *
     * @param name as dpkg or apk calls it
     * @param change from the first image to the second
     * @param before its version in the first image, if it is there
     * @param after its version in the second image, if it is there
     */
    @Json
    public record PackageChange(
            String name,
            Change change,
            @Nullable String before,
            @Nullable String after) {}

    /**
     * A file, directory or link that came, went, or differs in type, mode, owner, size or content.
     *
     * @param path absolute
     */
    @Json
    public record FileChange(String path, Change change) {}
}
