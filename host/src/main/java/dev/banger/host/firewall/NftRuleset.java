package dev.banger.host.firewall;

import dev.banger.api.PublishedPort;
import dev.banger.network.BridgeSettings;
import dev.banger.network.Cidr;
import dev.banger.network.Egress;
import dev.banger.network.Egress.Destination;
import dev.banger.network.GuestPort;
import dev.banger.network.Rules;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The nftables rules for guests, as one transaction in the language of nft(8): a function of the wanted rules and of the counts
 * so far, which a replaced table would lose.
 *
 * <p>Two tables of one name. The bridge table looks at each frame that comes out of a tap before the bridge has learned from
 * it: only ARP for its own address and IPv4 from its own addresses to the bridge, or to its peers, pass; IPv6, VLAN tags, BPDUs
 * and the rest do not. The ip table decides where IPv4 may go. Every path ends in a drop; what is no guest's falls through untouched.
 */
final class NftRuleset {
    /** What is never beyond the uplink, RFC 6890: this network, loopback, link-local with its metadata services, multicast, reserved. */
    static final List<Cidr> NOWHERE = List.of(
            Cidr.of("0.0.0.0/8"),
            Cidr.of("127.0.0.0/8"),
            Cidr.of("169.254.0.0/16"),
            Cidr.of("224.0.0.0/4"),
            Cidr.of("240.0.0.0/4"));

    /** Two of the largest packets that a guest hands over, which is before they are segmented; else they would never pass. */
    private static final int BURST_BYTES = 128 * 1024;

    /** Packets and bytes. */
    record Count(long packets, long bytes) {}

    private final Rules rules;
    private final Map<String, Count> denied;
    private final StringBuilder text = new StringBuilder();

    private NftRuleset(Rules rules, Map<String, Count> denied) {
        this.rules = rules;
        this.denied = denied;
    }

    /** The transaction that replaces our tables, or makes them. {@code denied}: counts to go on from, by VM. */
    static String render(Rules rules, Map<String, Count> denied) {
        NftRuleset ruleset = new NftRuleset(rules, denied);
        ruleset.bridgeTable();
        ruleset.ipTable();
        return ruleset.text.toString();
    }

    static String table(Rules rules) {
        return rules.home().prefix();
    }

    /** An empty chain of that name says whose table it is; comments on tables need a newer nft than Debian 12's to be listed. */
    static String ownerChain(String homeHex) {
        return "owner-" + homeHex;
    }

    static String counter(String vmId) {
        return "denied-" + vmId;
    }

    private void bridgeTable() {
        String taps = quoted(table(rules) + "-*");
        open("bridge");
        hook("prerouting", "filter", "prerouting", -350, List.of("iifname " + taps + " goto from-guest"));
        // Frames to the group addresses of IEEE 802.1D do not pass prerouting.
        hook(
                "input",
                "filter",
                "input",
                -350,
                List.of("iifname " + taps + " ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00 drop"));
        // The ports' isolation says the same; this holds where it was switched off, and against ports that others
        // added.
        List<String> peers =
                rules.bridge().peers() ? List.of("iifname " + taps + " oifname " + taps + " accept") : List.of();
        hook(
                "forward",
                "filter",
                "forward",
                -350,
                join(peers, List.of("iifname " + taps + " drop", "oifname " + taps + " drop")));
        if (!limits("oifname").isEmpty()) {
            hook("postrouting", "filter", "postrouting", 300, limits("oifname"));
        }
        rules.ports().forEach(this::antiSpoofing);
        List<String> dispatch = new ArrayList<>();
        dispatch.add("ether type != { ip, arp } drop");
        dispatch.addAll(limits("iifname"));
        dispatch.add("iifname vmap { "
                + rules.ports().stream()
                        .map(port -> quoted(port.tap().name()) + " : goto " + chain(port))
                        .collect(Collectors.joining(", "))
                + " }");
        dispatch.add("drop");
        chain("from-guest", dispatch);
        close();
    }

    private void antiSpoofing(GuestPort port) {
        BridgeSettings bridge = rules.bridge();
        String mark = comment(port);
        // To whom: frames to groups are nobody's, but for the question who has an address.
        String unicast = bridge.peers() ? "ether daddr & 01:00:00:00:00:00 == 0" : "ether daddr " + bridge.mac();
        String asked = bridge.peers() ? bridge.subnet().toString() : "{ " + bridge.address() + ", " + port.ip() + " }";
        List<String> arp = Stream.of(unicast, "ether daddr ff:ff:ff:ff:ff:ff")
                .map(to -> "ether type arp " + to + " arp htype 1 arp ptype ip arp hlen 6 arp plen 4"
                        + " arp operation { request, reply } arp saddr ether " + port.mac() + " arp saddr ip "
                        + port.ip() + " arp daddr ip " + asked + " accept" + mark)
                .toList();
        chain(
                chain(port),
                join(
                        List.of("ether saddr != " + port.mac() + " drop" + mark),
                        arp,
                        List.of(
                                // Answers of a DHCP server; guests here have no business with DHCP at all.
                                "ether type ip ip protocol udp udp sport 67 drop" + mark,
                                "ether type ip " + unicast + " ip saddr " + port.ip() + " accept" + mark,
                                "drop" + mark)));
    }

    /** What is over the limits of guests, by the link that it comes from or goes to. ARP is not limited: it has to find them. */
    private List<String> limits(String link) {
        return rules.ports().stream()
                .filter(port -> port.rate() > 0)
                .map(port -> link + " " + quoted(port.tap().name()) + " ether type ip limit rate over "
                        + port.rate() / Byte.SIZE + " bytes/second burst " + BURST_BYTES + " bytes drop"
                        + comment(port))
                .toList();
    }

    private void ipTable() {
        BridgeSettings bridge = rules.bridge();
        String br = quoted(bridge.name());
        open("ip");
        for (GuestPort port : rules.ports()) {
            Count count = denied.getOrDefault(port.vmId(), new Count(0, 0));
            line(1, "counter " + counter(port.vmId()) + " {");
            line(2, "packets " + count.packets() + " bytes " + count.bytes());
            line(1, "}");
        }
        // Neighbours of the host that route our subnet to it reach no guest and not the bridge, nor do they pose as
        // guests.
        hook(
                "guard",
                "filter",
                "prerouting",
                -310,
                List.of(
                        "iifname != { \"lo\", " + br + " } ip daddr " + bridge.subnet() + " drop",
                        "iifname != { \"lo\", " + br + " } ip saddr " + bridge.subnet() + " drop"));
        chain(
                "to-host",
                List.of(
                        "ct state established,related accept",
                        "ip daddr " + bridge.address() + " udp dport 53 accept",
                        "ip daddr " + bridge.address() + " tcp dport 53 accept",
                        "drop"));
        hook("input", "filter", "input", -5, List.of("iifname " + br + " goto to-host"));
        rules.ports().forEach(this::egress);
        chain("from-guest", fromGuests());
        chain("to-guest", toGuests());
        hook(
                "forward",
                "filter",
                "forward",
                -5,
                List.of("iifname " + br + " goto from-guest", "oifname " + br + " goto to-guest"));
        hook("postrouting", "nat", "postrouting", 100, masquerade());
        hook("exposed", "nat", "prerouting", -100, exposed());
        hook("output", "nat", "output", -100, published());
        close();
    }

    private List<String> fromGuests() {
        // Frames between peers come by here where br_netfilter shows bridged frames to the ip tables.
        String br = quoted(rules.bridge().name());
        List<String> peers = rules.bridge().peers()
                ? List.of("oifname " + br + " ip daddr " + rules.bridge().subnet() + " accept")
                : List.of();
        return join(
                peers,
                List.of(
                        "ip saddr vmap { "
                                + rules.ports().stream()
                                        .map(port -> port.ip() + " : goto " + chain(port))
                                        .collect(Collectors.joining(", "))
                                + " }",
                        "drop"));
    }

    /** Packets of a guest are judged one by one, whatever connection they belong to: a policy that narrows ends those as well. */
    private void egress(GuestPort port) {
        String drop = "counter name " + quoted(counter(port.vmId())) + " drop" + comment(port);
        List<String> lines = new ArrayList<>();
        port.exposed()
                .forEach(each -> lines.add(
                        "ct direction reply ct status dnat tcp sport " + each.guestPort() + " accept" + comment(port)));
        if (port.egress().nat() && rules.uplink().isPresent()) {
            lines.add("oifname != " + quoted(rules.uplink().get()) + " " + drop);
            lines.add("ip daddr { " + NOWHERE.stream().map(Cidr::toString).collect(Collectors.joining(", ")) + " } "
                    + drop);
            if (port.egress() instanceof Egress.Only only) {
                only.destinations().stream()
                        .flatMap(destination -> allow(destination).stream())
                        .forEach(match -> lines.add(match + " accept" + comment(port)));
            } else {
                lines.add("accept" + comment(port));
            }
        }
        if (!lines.contains("accept" + comment(port))) {
            lines.add(drop);
        }
        chain(chain(port), lines);
    }

    private static List<String> allow(Destination destination) {
        String match = "ip daddr " + destination.addresses();
        return destination.port() == 0
                ? List.of(match)
                : List.of(match + " tcp dport " + destination.port(), match + " udp dport " + destination.port());
    }

    private List<String> toGuests() {
        List<String> lines = new ArrayList<>();
        rules.ports()
                .forEach(port -> port.exposed()
                        .forEach(each -> lines.add("ct status dnat ip daddr " + port.ip() + " tcp dport "
                                + each.guestPort() + " accept" + comment(port))));
        rules.uplink()
                .ifPresent(uplink -> natted().forEach(port -> lines.add("iifname " + quoted(uplink) + " ip daddr "
                        + port.ip() + " ct state established,related accept" + comment(port))));
        lines.add("drop");
        return lines;
    }

    private List<String> masquerade() {
        return rules.uplink()
                .map(uplink -> natted().stream()
                        .map(port ->
                                "oifname " + quoted(uplink) + " ip saddr " + port.ip() + " masquerade" + comment(port))
                        .toList())
                .orElse(List.of());
    }

    /** On the way from the host itself alone: a published port is the host's, not its neighbours'. */
    private List<String> published() {
        List<String> lines = new ArrayList<>();
        for (GuestPort port : rules.ports()) {
            for (PublishedPort each : port.published()) {
                if (each.address() != null) {
                    lines.add(dnat(port, each));
                } else if (each.hostPort() != each.guestPort()) {
                    lines.add("ip daddr " + port.ip() + " tcp dport " + each.hostPort() + " dnat to " + port.ip() + ":"
                            + each.guestPort() + comment(port));
                }
            }
        }
        return lines;
    }

    /** From everywhere but the guests, who have no business with the host's addresses. */
    private List<String> exposed() {
        String others = "iifname != " + quoted(rules.bridge().name()) + " ";
        return rules.ports().stream()
                .flatMap(port -> port.exposed().stream().map(each -> others + dnat(port, each)))
                .toList();
    }

    private static String dnat(GuestPort port, PublishedPort each) {
        String to = "0.0.0.0".equals(each.address())
                ? "fib daddr type local ip daddr != 127.0.0.0/8"
                : "ip daddr " + each.address();
        return to + " tcp dport " + each.hostPort() + " dnat to " + port.ip() + ":" + each.guestPort() + comment(port);
    }

    private List<GuestPort> natted() {
        return rules.ports().stream().filter(port -> port.egress().nat()).toList();
    }

    @SafeVarargs
    private static List<String> join(List<String>... parts) {
        return Stream.of(parts).flatMap(List::stream).toList();
    }

    private static String chain(GuestPort port) {
        return "vm-" + port.vmId();
    }

    private static String comment(GuestPort port) {
        return " comment " + quoted("banger:" + port.vmId());
    }

    private static String quoted(String text) {
        return '"' + text + '"';
    }

    /** Adding before deleting: deleting what is not there would fail the transaction. */
    private void open(String family) {
        String name = family + " " + table(rules);
        line(0, "add table " + name);
        line(0, "delete table " + name);
        line(0, "table " + name + " {");
        chain(ownerChain(rules.home().hex()), List.of());
    }

    private void close() {
        line(0, "}");
    }

    private void chain(String name, List<String> lines) {
        line(1, "chain " + name + " {");
        lines.forEach(each -> line(2, each));
        line(1, "}");
    }

    private void hook(String name, String type, String hook, int priority, List<String> lines) {
        List<String> all = new ArrayList<>();
        all.add("type " + type + " hook " + hook + " priority " + priority + "; policy accept;");
        all.addAll(lines);
        chain(name, all);
    }

    private void line(int depth, String content) {
        text.append("  ".repeat(depth)).append(content).append('\n');
    }
}
