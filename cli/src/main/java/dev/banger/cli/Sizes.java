package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.DataSize;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Amounts of memory and disk as people write them. Powers of 1024 throughout. */
final class Sizes {
    private Sizes() {}

    /** As {@link DataSize#parse}, for an option. @return bytes */
    static long parse(String text) {
        try {
            return DataSize.parse(text);
        } catch (BangerException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
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
