package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.Locale;

/** How far a start goes before it counts as done. */
public enum WaitFor {
    /** The root is mounted, the network is up and commands run: the default. */
    AGENT,
    /** The image's init has finished starting. */
    SYSTEM;

    /** As it is written: {@code system}. */
    @Json.Value
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
