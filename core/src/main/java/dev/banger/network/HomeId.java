package dev.banger.network;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whose things on the host are: derived from where a daemon keeps its state, so that several daemons on one host have names
 * of their own and find what a killed predecessor left.
 *
 * @param hex 16 hex digits
 */
public record HomeId(String hex) {
    private static final Pattern MARKER = Pattern.compile("banger:([0-9a-f]{16}):(\\d{1,4})");
    /** Names of links have at most 15 characters (netdevice(7)): nine for the prefix, a dash, four digits. */
    static final int LAST_INDEX = 9999;

    public HomeId {
        if (!hex.matches("[0-9a-f]{16}")) {
            throw new IllegalArgumentException("not 16 hex digits: " + hex);
        }
    }

    public static HomeId of(Path state) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(state.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8));
            return new HomeId(HexFormat.of().formatHex(digest, 0, 8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** What names of its links, tables and chains begin with; nine characters. */
    public String prefix() {
        return "bgr" + hex.substring(0, 6);
    }

    public String tapName(int index) {
        return prefix() + "-" + index;
    }

    /** The alias of a tap, by which it is known to be ours. */
    public String tapMarker(int index) {
        return "banger:" + hex + ":" + index;
    }

    /** The alias of the bridge. */
    public String bridgeMarker() {
        return "banger:" + hex + ":bridge";
    }

    /** The index in a name of this home's form, whoever made the link. */
    OptionalInt indexOf(String name) {
        String start = prefix() + "-";
        String rest = name.startsWith(start) ? name.substring(start.length()) : "";
        return rest.matches("\\d{1,4}") ? OptionalInt.of(Integer.parseInt(rest)) : OptionalInt.empty();
    }

    /** Whether a link is a tap that this home made: name and alias belong together. */
    boolean owns(Links.Link link) {
        Matcher marker = MARKER.matcher(link.alias());
        return link.kind().equals("tun")
                && marker.matches()
                && marker.group(1).equals(hex)
                && link.name().equals(tapName(Integer.parseInt(marker.group(2))));
    }
}
