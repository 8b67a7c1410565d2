package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.PinnedAddress;
import dev.banger.network.Cidr;
import dev.banger.network.Egress;
import dev.banger.network.Egress.Destination;
import dev.banger.network.Ipv4Address;
import dev.banger.network.NameServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a VM's spec says of what it may reach beyond the host.
 *
 * @param nat whether there is anything
 * @param addresses exceptions from deny-by-default
 * @param names further ones, by what the guest's DNS server tells of them; without any exception it may reach everything
 */
record NetworkPolicy(boolean nat, List<Destination> addresses, List<NamedDestination> names) {
    private static final int LAST_PORT = 65535;
    private static final int LONGEST_NAME = 253;
    private static final Pattern ADDRESSES = Pattern.compile("[0-9.]+(/[0-9]{1,2})?");
    private static final String LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";
    /** The last label begins with a letter: what ends in a number is an address, right or wrong. */
    private static final Pattern NAME = Pattern.compile("(\\*\\.)?(" + LABEL + "\\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

    private static final long LOWEST_RATE = 64_000; // less than this, a full-sized packet waits for seconds
    private static final long HIGHEST_RATE = 100_000_000_000L; // the kernel's sums overflow not far above

    /**
     * A name as an exception.
     *
     * @param name in lower case
     * @param subdomains whether it is all names below {@code name}, at any depth, and not the name itself
     * @param port TCP or UDP; 0 for every port and protocol
     */
    record NamedDestination(String name, boolean subdomains, int port) {
        boolean matches(String asked) {
            return subdomains ? asked.endsWith("." + name) : asked.equals(name);
        }
    }

    /** @throws BangerException INVALID_ARGUMENT for what is no {@code NAME|ADDRESS[/PREFIX][:PORT]} */
    static NetworkPolicy of(VmSpec spec) {
        if (!spec.nat()) {
            return new NetworkPolicy(false, List.of(), List.of());
        }
        List<Destination> addresses = new ArrayList<>();
        List<NamedDestination> names = new ArrayList<>();
        for (String text : spec.allowHosts()) {
            int colon = text.indexOf(':');
            String host = (colon < 0 ? text : text.substring(0, colon)).toLowerCase(Locale.ROOT);
            int port = colon < 0 ? 0 : port(text, text.substring(colon + 1));
            if (ADDRESSES.matcher(host).matches()) {
                addresses.add(new Destination(Cidr.of(host), port));
            } else {
                names.add(named(text, host.endsWith(".") ? host.substring(0, host.length() - 1) : host, port));
            }
        }
        return new NetworkPolicy(true, List.copyOf(addresses), List.copyOf(names));
    }

    private static int port(String text, String port) {
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > LAST_PORT || Integer.parseInt(port) == 0) {
            throw malformed(text);
        }
        return Integer.parseInt(port);
    }

    private static NamedDestination named(String text, String name, int port) {
        if (!NAME.matcher(name).matches() || !name.contains(".") || name.length() > LONGEST_NAME) {
            throw malformed(text);
        }
        boolean subdomains = name.startsWith("*.");
        String plain = subdomains ? name.substring(2) : name;
        if (plain.equals(NameServer.DOMAIN) || plain.endsWith("." + NameServer.DOMAIN)) {
            throw BangerException.invalid(
                    "\"" + text + "\" is the name of a VM; what is allowed are names beyond the host");
        }
        return new NamedDestination(plain, subdomains, port);
    }

    private static BangerException malformed(String text) {
        return BangerException.invalid(
                "what a VM may reach is ADDRESS[/PREFIX][:PORT] or NAME[:PORT], such as 192.0.2.0/24:443, example.org or "
                        + "*.example.org:443, not \"" + text + "\"");
    }

    /** Whether any exception is about this name, which is in lower case without the last dot. */
    boolean names(String asked) {
        return names.stream().anyMatch(each -> each.matches(asked));
    }

    /** With what is known of the names. */
    Egress egress(Stream<PinnedAddress> pinned) {
        if (!nat) {
            return new Egress.None();
        }
        if (addresses.isEmpty() && names.isEmpty()) {
            return new Egress.Everything();
        }
        return new Egress.Only(Stream.concat(addresses.stream(), pinned.flatMap(this::destinations))
                .distinct()
                .toList());
    }

    private Stream<Destination> destinations(PinnedAddress pin) {
        Cidr address = new Cidr(Ipv4Address.of(pin.address()), 32);
        return names.stream()
                .filter(each -> each.matches(pin.name()))
                .map(each -> new Destination(address, each.port()));
    }

    /** Bits per second, 0 for no limit; @throws BangerException INVALID_ARGUMENT for one that cannot be */
    static long rate(VmSpec spec) {
        long rate = spec.netRate();
        if (rate != 0 && (rate < LOWEST_RATE || rate > HIGHEST_RATE)) {
            throw BangerException.invalid("a VM's bandwidth is limited to 64 kbit to 100 gbit a second, not " + rate
                    + " bit; without a limit it is 0");
        }
        return rate;
    }
}
