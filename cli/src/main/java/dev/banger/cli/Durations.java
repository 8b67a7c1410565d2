package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.TimeSpan;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A duration such as {@code 90}, {@code 30s}, {@code 10m}, {@code 2h} or {@code 1d}, in seconds. */
final class Durations implements ITypeConverter<Long> {
    private static final Map<String, Long> SECONDS = Map.of("m", 60L, "h", 3600L, "d", 86_400L);

    @Override
    public Long convert(String text) {
        try {
            return TimeSpan.parse(text);
        } catch (BangerException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
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
