package dev.banger.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whose configuration is asked for.
 *
 * @param directory where to look for a project file, upward; null: nowhere
 * @param environment of the one who asks
 * @param file another configuration or project file to look at in place of the usual ones; null: none
 */
public record ConfigQuery(
        @Nullable String directory,
        Map<String, String> environment,
        @Nullable String file) {}
