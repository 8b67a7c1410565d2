package dev.banger.network;

import dev.banger.api.BangerException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An IPv4 address. */
public record Ipv4Address(int bits) implements Comparable<Ipv4Address> {
    private static final Pattern DOTTED = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");

    /** Of dotted decimal text with all four parts. @throws BangerException INVALID_ARGUMENT for anything else */
    public static Ipv4Address of(String text) {
        Matcher parts = DOTTED.matcher(text);
        if (!parts.matches()) {
            throw BangerException.invalid(text + " is no IPv4 address");
        }
        int bits = 0;
        for (int i = 1; i <= 4; i++) {
            int part = Integer.parseInt(parts.group(i));
            // A leading zero means octal to some programs and nothing to others.
            if (part > 255 || parts.group(i).length() > 1 && parts.group(i).startsWith("0")) {
                throw BangerException.invalid(text + " is no IPv4 address");
            }
            bits = bits << 8 | part;
        }
        return new Ipv4Address(bits);
    }

    @Override
    public int compareTo(Ipv4Address other) {
        return Integer.compareUnsigned(bits, other.bits);
    }

    @Override
    public String toString() {
        return (bits >>> 24) + "." + (bits >>> 16 & 255) + "." + (bits >>> 8 & 255) + "." + (bits & 255);
    }
}
