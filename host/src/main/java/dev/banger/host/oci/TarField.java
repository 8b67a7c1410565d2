package dev.banger.host.oci;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** How tar and pax write things down. What is not as it has to be is a {@link BadArchive}. */
final class TarField {
    private TarField() {}

    static String text(byte[] bytes, int from, int length) {
        int end = from;
        while (end < from + length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
    }

    /** Octal, or with the first bit set a number in base 256. */
    static long number(byte[] bytes, int from, int length) {
        if ((bytes[from] & 0x80) != 0) {
            boolean negative = (bytes[from] & 0x40) != 0;
            long value = negative ? -1 : 0;
            for (int index = from; index < from + length; index++) {
                int each = index == from && !negative ? bytes[index] & 0x7F : bytes[index] & 0xFF;
                if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
                    throw new BadArchive("a number that is too large");
                }
                value = value << 8 | each;
            }
            return value;
        }
        long value = 0;
        boolean ended = false;
        for (int index = from; index < from + length; index++) {
            int each = bytes[index];
            if (each >= '0' && each <= '7' && !ended) {
                value = value << 3 | each - '0';
            } else if (each == ' ' || each == 0) {
                ended = value != 0 || index > from && bytes[index - 1] == '0';
            } else {
                throw new BadArchive("a number that is none");
            }
        }
        return value;
    }

    static long decimal(@Nullable String text, String what) {
        if (text == null
                || text.isEmpty()
                || text.length() > 18
                || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new BadArchive("a " + what + " that is no number");
        }
        return Long.parseLong(text);
    }

    /** Seconds with a fraction, of which nine digits count. */
    static long[] time(String text) {
        boolean negative = text.startsWith("-");
        String rest = negative ? text.substring(1) : text;
        int dot = rest.indexOf('.');
        long seconds = decimal(dot < 0 ? rest : rest.substring(0, dot), "time");
        String fraction = dot < 0 ? "" : rest.substring(dot + 1);
        long nanos = fraction.isEmpty() ? 0 : decimal((fraction + "000000000").substring(0, 9), "time");
        if (!negative) {
            return new long[] {seconds, nanos};
        }
        return nanos == 0 ? new long[] {-seconds, 0} : new long[] {-seconds - 1, 1_000_000_000 - nanos};
    }

    static byte[] base64(String value) {
        try {
            return Base64.getMimeDecoder().decode(value);
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }
}
