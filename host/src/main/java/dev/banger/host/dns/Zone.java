package dev.banger.host.dns;

import dev.banger.network.NameServer;
import java.net.Inet4Address;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.TextParseException;

/** The records at one moment. Immutable. */
final class Zone {
    /** Short: a VM that starts again may have another address. Seconds. */
    static final long TTL = 1;

    /** Answered to the host with who this is. No VM can have the name. */
    static final String PROBE = "_banger." + NameServer.DOMAIN;

    private final Map<String, Inet4Address> addresses;

    private Zone(Map<String, Inet4Address> addresses) {
        this.addresses = addresses;
    }

    static Zone of(Map<String, String> records) {
        Map<String, Inet4Address> addresses = new HashMap<>();
        records.forEach((name, address) -> addresses.put(name, Inet4Address.ofLiteral(address)));
        return new Zone(Map.copyOf(addresses));
    }

    int size() {
        return addresses.size();
    }

    Optional<Inet4Address> find(Name name) {
        return Optional.ofNullable(addresses.get(text(name)));
    }

    /** Whether a name is the domain itself or below it, that is: never anybody else's. */
    static boolean owns(Name name) {
        String text = text(name);
        return text.equals(NameServer.DOMAIN) || text.endsWith("." + NameServer.DOMAIN);
    }

    static boolean isApex(Name name) {
        return text(name).equals(NameServer.DOMAIN);
    }

    static boolean isProbe(Name name) {
        return text(name).equals(PROBE);
    }

    /** In lower case without the last dot; bytes that are no letters, digits, hyphens or underscores are escaped. */
    static String text(Name name) {
        return name.toString(true).toLowerCase(Locale.ROOT);
    }

    /** For negative answers (RFC 2308): its TTL and last field say for how long they may be kept. */
    static SOARecord soa() {
        Name apex = name(NameServer.DOMAIN);
        return new SOARecord(
                apex,
                DClass.IN,
                TTL,
                name("ns." + NameServer.DOMAIN),
                name("hostmaster." + NameServer.DOMAIN),
                1,
                3600,
                600,
                86400,
                TTL);
    }

    static Name name(String absolute) {
        try {
            return Name.fromString(absolute + ".");
        } catch (TextParseException e) {
            throw new IllegalArgumentException(absolute + " is no name", e);
        }
    }
}
