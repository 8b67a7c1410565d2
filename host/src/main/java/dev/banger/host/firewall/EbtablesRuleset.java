package dev.banger.host.firewall;

import dev.banger.network.BridgeSettings;
import dev.banger.network.GuestPort;
import dev.banger.network.Rules;
import java.util.ArrayList;
import java.util.List;

/**
 * The rules of the bridge table of {@link NftRuleset} in ebtables' words. PREROUTING of the table nat is the hook before the
 * bridge learns from a frame.
 */
final class EbtablesRuleset {
    private static final String GROUPS = "01:80:c2:00:00:00/ff:ff:ff:ff:ff:f0";
    private static final String BROADCAST = "ff:ff:ff:ff:ff:ff";

    private final Rules rules;
    private final String prefix;
    private final String taps;

    private EbtablesRuleset(Rules rules) {
        this.rules = rules;
        this.prefix = rules.home().prefix();
        this.taps = prefix + "-+";
    }

    static List<XtablesTable> tables(Rules rules) {
        EbtablesRuleset ruleset = new EbtablesRuleset(rules);
        return List.of(ruleset.nat(), ruleset.filter());
    }

    private XtablesTable nat() {
        XtablesTable nat = XtablesTable.named("nat");
        List<String> dispatch = new ArrayList<>();
        for (GuestPort port : rules.ports()) {
            nat.chain(port.tap().name(), antiSpoofing(port));
            dispatch.add("-i " + port.tap().name() + " -j " + port.tap().name());
        }
        dispatch.add("-j DROP");
        return nat.chain(prefix + "-from", dispatch).jump("PREROUTING", "-i " + taps + " -j " + prefix + "-from");
    }

    private List<String> antiSpoofing(GuestPort port) {
        BridgeSettings bridge = rules.bridge();
        String mac = bridge.mac().text();
        String unicast = bridge.peers() ? "Unicast" : mac;
        List<String> asked = bridge.peers()
                ? List.of(bridge.subnet().toString())
                : List.of(bridge.address().toString(), port.ip().toString());
        List<String> lines = new ArrayList<>();
        lines.add("-s ! " + port.mac() + " -j DROP");
        // A match of addresses is one of their types and lengths, too.
        for (String to : List.of(unicast, BROADCAST)) {
            for (String operation : List.of("Request", "Reply")) {
                for (String address : asked) {
                    lines.add("-p ARP -d " + to + " --arp-op " + operation + " --arp-htype 1 --arp-ptype 0x800"
                            + " --arp-ip-src " + port.ip() + " --arp-ip-dst " + address + " --arp-mac-src "
                            + port.mac() + " -j ACCEPT");
                }
            }
        }
        lines.add("-p IPv4 --ip-proto udp --ip-sport 67 -j DROP");
        lines.add("-p IPv4 -d " + unicast + " --ip-src " + port.ip() + " -j ACCEPT");
        lines.add("-j DROP");
        return lines;
    }

    private XtablesTable filter() {
        List<String> forward = new ArrayList<>();
        if (rules.bridge().peers()) {
            forward.add("-i " + taps + " -o " + taps + " -j RETURN");
        }
        forward.addAll(List.of("-i " + taps + " -j DROP", "-o " + taps + " -j DROP"));
        return XtablesTable.named("filter")
                // Frames to the group addresses of IEEE 802.1D do not pass PREROUTING.
                .chain(prefix + "-input", List.of("-i " + taps + " -d " + GROUPS + " -j DROP"))
                .jump("INPUT", "-j " + prefix + "-input")
                .chain(prefix + "-forward", forward)
                .jump("FORWARD", "-j " + prefix + "-forward");
    }
}
