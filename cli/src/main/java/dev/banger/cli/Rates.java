package dev.banger.cli;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A bandwidth such as {@code 500kbit}, {@code 10mbit} or {@code 1gbit}, decimal, in bits per second; {@code none} is 0. */
final class Rates implements ITypeConverter<Long> {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})([kmg])bit");
    private static final Map<String, Long> BITS = Map.of("k", 1_000L, "m", 1_000_000L, "g", 1_000_000_000L);

    @Override
    public Long convert(String text) {
        if (text.equals("none")) {
            return 0L;
        }
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException("\"" + text + "\" is not a bandwidth such as 500kbit, 10mbit or 1gbit");
        }
        return Long.parseLong(matcher.group(1)) * BITS.getOrDefault(matcher.group(2), 1L);
    }

    /** As it could have been given, nothing rounded but what is less than a kilobit. */
    static String show(long bits) {
        for (String unit : List.of("g", "m")) {
            long size = BITS.getOrDefault(unit, 1L);
            if (bits >= size && bits % size == 0) {
                return bits / size + unit + "bit";
            }
        }
        return bits / 1_000 + "kbit";
    }
}
