package dev.banger.api;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them. */
public final class TimeSpan {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})([smhd]?)");
    private static final Map<String, Long> SECONDS = Map.of("", 1L, "s", 1L, "m", 60L, "h", 3600L, "d", 86_400L);

    private TimeSpan() {}

    /** {@code 90}, {@code 30s}, {@code 10m}, {@code 2h}, {@code 1d}. @return seconds */
    public static long parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw BangerException.invalid("\"" + text + "\" is not a duration such as 30s, 10m or 2h");
        }
        return Long.parseLong(matcher.group(1)) * SECONDS.getOrDefault(matcher.group(2), 1L);
    }
}
