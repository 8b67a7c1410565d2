package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The configuration as it is in effect.
 *
 * @param file where the configuration file is, or would be
 * @param present whether it is there
 * @param project the project file that was found
 * @param values every key
 * @param problems what is wrong in the files and the environment, each with its place; then the values are those of the rest
 */
@Json
public record ConfigReport(
        String file, boolean present, @Nullable String project, List<Value> values, List<String> problems) {
    /**
     * One key.
     *
     * @param key such as {@code vm.cpus}
     * @param value as text
     * @param source {@code default}, {@code file}, {@code project} or {@code environment}
     * @param origin the place in the file, or the variable; empty: none
     * @param pending what it will be once the daemon was restarted; null: it is that already
     * @param meaning one sentence
     */
    @Json
    public record Value(
            String key,
            String value,
            String source,
            String origin,
            @Nullable String pending,
            String meaning) {}
}
