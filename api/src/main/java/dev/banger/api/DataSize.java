package dev.banger.api;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Amounts of memory and disk as people write them. Powers of 1024 throughout. */
public final class DataSize {
    private static final Pattern GRAMMAR = Pattern.compile("([0-9]{1,12}(?:\\.[0-9]{1,3})?)\\s*([kmgt]?)(i?b)?");
    private static final Map<String, Integer> SHIFTS = Map.of("k", 10, "m", 20, "g", 30, "t", 40);

    private DataSize() {}

    /** {@code 512}, {@code 512M}, {@code 4GiB}, {@code 1.5g}; a number alone is MiB. @return bytes */
    public static long parse(String text) {
        Matcher matcher = GRAMMAR.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw BangerException.invalid("'" + text + "' is no size; write 512M, 4G or 4GiB (a number alone is MiB)");
        }
        String unit = matcher.group(2);
        int shift = unit.isEmpty() ? (matcher.group(3) == null ? 20 : 0) : SHIFTS.getOrDefault(unit, 0);
        BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << shift));
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw BangerException.invalid("'" + text + "' is more than any machine has");
        }
        return bytes.longValue();
    }
}
