package dev.banger.cli;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A duration such as {@code 90}, {@code 30s}, {@code 10m}, {@code 2h} or {@code 1d}, in seconds. */
final class Durations implements ITypeConverter<Long> {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})([smhd]?)");
    private static final Map<String, Long> SECONDS = Map.of("", 1L, "s", 1L, "m", 60L, "h", 3600L, "d", 86_400L);

    @Override
    public Long convert(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("\"" + text + "\" is not a duration such as 30s, 10m or 2h");
        }
        return Long.parseLong(matcher.group(1)) * SECONDS.getOrDefault(matcher.group(2), 1L);
    }

    /** As it could have been given, nothing rounded: {@code 90s}, {@code 10m}, {@code 2h}. */
    static String show(long seconds) {
        for (String unit : List.of("d", "h", "m")) {
            long length = SECONDS.getOrDefault(unit, 1L);
            if (seconds >= length && seconds % length == 0) {
                return seconds / length + unit;
            }
        }
        return seconds + "s";
    }
}
