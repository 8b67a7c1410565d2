package dev.banger.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Amounts of memory and disk as people write them. Powers of 1024 throughout. */
final class Sizes {
    private static final Pattern GRAMMAR = Pattern.compile("([0-9]{1,12}(?:\\.[0-9]{1,3})?)\\s*([kmgt]?)(i?b)?");
    private static final Map<String, Integer> SHIFTS = Map.of("k", 10, "m", 20, "g", 30, "t", 40);

    private Sizes() {}

    /** {@code 512}, {@code 512M}, {@code 4GiB}, {@code 1.5g}; a number alone is MiB. @return bytes */
    static long parse(String text) {
        Matcher matcher = GRAMMAR.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new TypeConversionException(
                    "'" + text + "' is no size; write 512M, 4G or 4GiB (a number alone is MiB)");
        }
        String unit = matcher.group(2);
        int shift = unit.isEmpty() ? (matcher.group(3) == null ? 20 : 0) : SHIFTS.getOrDefault(unit, 0);
        BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << shift));
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new TypeConversionException("'" + text + "' is more than any machine has");
        }
        return bytes.longValue();
    }

    /** For people: {@code 512 MiB}, {@code 8 GiB}, {@code 1.2 GiB}. */
    static String show(long bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        String number = value == Math.rint(value) || value >= 100
                ? Long.toString(Math.round(value))
                : String.format(Locale.ROOT, "%.1f", value);
        return number + " " + units[unit];
    }

    /** Reads an option in bytes. */
    static final class Bytes implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            return parse(value);
        }
    }

    /** Reads an option in MiB. */
    static final class MiB implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            return parse(value) >> 20;
        }
    }
}
