package dev.banger.cli;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Durations for people. */
final class Ages {
    private Ages() {}

    /** {@code 5s}, {@code 12m}, {@code 3h}, {@code 9d}; {@code -} without a beginning. */
    static String since(@Nullable Instant begin) {
        return begin == null ? "-" : show(Duration.between(begin, Instant.now()));
    }

    static String show(Duration age) {
        long seconds = Math.max(0, age.toSeconds());
        if (seconds < 120) {
            return seconds + "s";
        }
        if (seconds < 120 * 60) {
            return seconds / 60 + "m";
        }
        return seconds < 48 * 3600 ? seconds / 3600 + "h" : seconds / 86400 + "d";
    }
}
