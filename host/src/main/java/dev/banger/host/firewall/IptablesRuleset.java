package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.PublishedPort;
import dev.banger.network.Cidr;
import dev.banger.network.Egress;
import dev.banger.network.Egress.Destination;
import dev.banger.network.GuestPort;
import dev.banger.network.Rules;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The rules of the ip table of {@link NftRuleset} in iptables' words.
 *
 * <p>What is allowed goes on to the rules of others, as it does in nftables; where these drop what they do not know, it is
 * accepted instead. What is denied ends here. The table nat is used only while a guest needs it.
 */
final class IptablesRuleset {
    static final String DENIED = "-denied";
    static final String COMMENT = "banger:";

    private final Rules rules;
    private final String prefix;
    private final String bridge;
    private final Optional<String> uplink;

    private IptablesRuleset(Rules rules) {
        this.rules = rules;
        this.prefix = rules.home().prefix() + "-";
        this.bridge = rules.bridge().name();
        this.uplink = rules.uplink();
        uplink.filter(name -> !name.matches("[A-Za-z0-9_.:@-]{1,15}")).ifPresent(name -> {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED, "iptables cannot have a rule for a link of this name: " + name);
        });
    }

    /** {@code present}: the tables as they are, for what those of others drop. */
    static List<XtablesTable> tables(Rules rules, Map<String, XtablesSave.Table> present) {
        IptablesRuleset ruleset = new IptablesRuleset(rules);
        List<XtablesTable> tables = new ArrayList<>();
        tables.add(ruleset.filter(present.getOrDefault("filter", XtablesSave.Table.NONE)));
        tables.add(ruleset.raw());
        XtablesTable nat = ruleset.nat();
        if (!nat.jumps().isEmpty()) {
            tables.add(nat);
        }
        return tables;
    }

    private XtablesTable filter(XtablesSave.Table present) {
        XtablesTable filter = XtablesTable.named("filter");
        String input = present.drops("INPUT") ? "ACCEPT" : "RETURN";
        String dns = "-d " + rules.bridge().address() + "/32 -p ";
        filter.chain(prefix + "input", List.of("-i " + bridge + " -g " + prefix + "host"))
                .chain(
                        prefix + "host",
                        List.of(
                                "-m conntrack --ctstate RELATED,ESTABLISHED -j " + input,
                                dns + "udp -m udp --dport 53 -j " + input,
                                dns + "tcp -m tcp --dport 53 -j " + input,
                                "-j DROP"))
                .jump("INPUT", jump("input"));
        String forward = present.drops("FORWARD") ? "ACCEPT" : "RETURN";
        rules.ports().forEach(port -> {
            filter.chain(port.tap().name() + DENIED, List.of(comment(port) + "-j DROP"));
            filter.chain(port.tap().name(), egress(port, forward));
        });
        return filter.chain(
                        prefix + "forward",
                        List.of("-i " + bridge + " -g " + prefix + "from", "-o " + bridge + " -g " + prefix + "to"))
                .chain(prefix + "from", fromGuests(forward))
                .chain(prefix + "to", toGuests(forward))
                .jump("FORWARD", jump("forward"));
    }

    private List<String> fromGuests(String allowed) {
        List<String> lines = new ArrayList<>();
        if (rules.bridge().peers()) {
            // Frames between peers come by here where br_netfilter shows bridged frames to iptables.
            lines.add("-d " + rules.bridge().subnet() + " -o " + bridge + " -j " + allowed);
        }
        rules.ports()
                .forEach(port ->
                        lines.add("-s " + port.ip() + "/32 -g " + port.tap().name()));
        lines.add("-j DROP");
        return lines;
    }

    private List<String> egress(GuestPort port, String allowed) {
        String deny = "-g " + port.tap().name() + DENIED;
        List<String> lines = new ArrayList<>();
        port.exposed()
                .forEach(each -> lines.add("-p tcp -m tcp --sport " + each.guestPort()
                        + " -m conntrack --ctstate DNAT --ctdir REPLY " + comment(port) + "-j " + allowed));
        if (port.egress().nat() && uplink.isPresent()) {
            lines.add("! -o " + uplink.get() + " " + deny);
            NftRuleset.NOWHERE.forEach(range -> lines.add("-d " + range + " " + deny));
            if (port.egress() instanceof Egress.Only only) {
                only.destinations()
                        .forEach(
                                destination -> allow(destination).forEach(match -> lines.add(match + "-j " + allowed)));
            } else {
                lines.add("-j " + allowed);
                return lines;
            }
        }
        lines.add(deny);
        return lines;
    }

    private static List<String> allow(Destination destination) {
        Cidr to = destination.addresses();
        String match = "-d " + to + " ";
        return destination.port() == 0
                ? List.of(match)
                : List.of(
                        match + "-p tcp -m tcp --dport " + destination.port() + " ",
                        match + "-p udp -m udp --dport " + destination.port() + " ");
    }

    private List<String> toGuests(String allowed) {
        List<String> lines = new ArrayList<>();
        rules.ports()
                .forEach(port -> port.exposed()
                        .forEach(each -> lines.add("-d " + port.ip() + "/32 -p tcp -m tcp --dport " + each.guestPort()
                                + " -m conntrack --ctstate DNAT " + comment(port) + "-j " + allowed)));
        uplink.ifPresent(link -> natted().forEach(port -> lines.add("-d " + port.ip() + "/32 -i " + link
                + " -m conntrack --ctstate RELATED,ESTABLISHED " + comment(port) + "-j " + allowed)));
        lines.add("-j DROP");
        return lines;
    }

    /** Neighbours of the host that route our subnet to it reach no guest and not the bridge, nor do they pose as guests. */
    private XtablesTable raw() {
        return XtablesTable.named("raw")
                .chain(
                        prefix + "guard",
                        List.of(
                                "-i lo -j RETURN",
                                "-i " + bridge + " -j RETURN",
                                "-d " + rules.bridge().subnet() + " -j DROP",
                                "-s " + rules.bridge().subnet() + " -j DROP"))
                .jump("PREROUTING", jump("guard"));
    }

    private XtablesTable nat() {
        XtablesTable nat = XtablesTable.named("nat");
        List<String> masquerade = uplink.map(link -> natted().stream()
                        .map(port -> "-s " + port.ip() + "/32 -o " + link + " " + comment(port) + "-j MASQUERADE")
                        .toList())
                .orElse(List.of());
        if (!masquerade.isEmpty()) {
            nat.chain(prefix + "post", masquerade).jump("POSTROUTING", jump("post"));
        }
        List<String> exposed = exposed();
        if (!exposed.isEmpty()) {
            nat.chain(prefix + "in", exposed).jump("PREROUTING", jump("in"));
        }
        List<String> published = published();
        if (!published.isEmpty()) {
            nat.chain(prefix + "out", published).jump("OUTPUT", jump("out"));
        }
        return nat;
    }

    /** On the way from the host itself alone: a published port is the host's, not its neighbours'. */
    private List<String> published() {
        List<String> lines = new ArrayList<>();
        for (GuestPort port : rules.ports()) {
            for (PublishedPort each : port.published()) {
                if (each.address() != null) {
                    lines.add(dnat(port, each, ""));
                } else if (each.hostPort() != each.guestPort()) {
                    lines.add("-d " + port.ip() + "/32 -p tcp -m tcp --dport " + each.hostPort() + " " + comment(port)
                            + "-j DNAT --to-destination " + port.ip() + ":" + each.guestPort());
                }
            }
        }
        return lines;
    }

    /** From everywhere but the guests, who have no business with the host's addresses. */
    private List<String> exposed() {
        return rules.ports().stream()
                .flatMap(port -> port.exposed().stream().map(each -> dnat(port, each, "! -i " + bridge + " ")))
                .toList();
    }

    private static String dnat(GuestPort port, PublishedPort each, String from) {
        boolean everywhere = "0.0.0.0".equals(each.address());
        return (everywhere ? "! -d 127.0.0.0/8 " : "-d " + each.address() + "/32 ") + from + "-p tcp -m tcp --dport "
                + each.hostPort() + " " + (everywhere ? "-m addrtype --dst-type LOCAL " : "") + comment(port)
                + "-j DNAT --to-destination " + port.ip() + ":" + each.guestPort();
    }

    private List<GuestPort> natted() {
        return rules.ports().stream().filter(port -> port.egress().nat()).toList();
    }

    /** Another comment than that of {@link Passages}, which are made and removed by another class. */
    private String jump(String to) {
        return "-m comment --comment " + XtablesTable.owner(rules.home()) + "-jump -j " + prefix + to;
    }

    private static String comment(GuestPort port) {
        return "-m comment --comment " + COMMENT + port.vmId() + " ";
    }
}
