package dev.banger.host.firewall;

import dev.banger.network.HomeId;
import dev.banger.network.Rules;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The part of {@link Passages} in the chains FORWARD and INPUT of iptables, in either of its kinds, which is changed by iptables
 * alone: it does not understand all that nft would write there.
 */
final class XtablesPassage {
    static final String NFT = "iptables-nft";
    static final String LEGACY = "iptables-legacy";
    private static final List<String> CHAINS = List.of("FORWARD", "INPUT");

    private final Iptables iptables;

    XtablesPassage(Iptables iptables) {
        this.iptables = iptables;
    }

    /** The programs for the kinds of tables that there are. {@code nftTable}: whether there is a table {@code ip filter}. */
    List<String> programs(boolean nftTable) {
        List<String> programs = new ArrayList<>();
        if (nftTable && iptables.has(NFT)) {
            programs.add(NFT);
        }
        if (iptables.has(LEGACY) && iptables.legacyTable("filter")) {
            programs.add(LEGACY);
        }
        return programs;
    }

    boolean apply(Rules rules, List<String> programs) {
        boolean changed = false;
        for (String program : programs) {
            for (String chain : CHAINS) {
                List<String> present = iptables.chain(program, "filter", chain);
                List<String> wanted = wanted(rules, chain, present);
                if (!holds(rules.home(), present, wanted)) {
                    replace(program, chain, rules.home(), present, wanted);
                    changed = true;
                }
            }
        }
        return changed;
    }

    boolean hold(Rules rules, List<String> programs) {
        return programs.stream()
                .allMatch(program -> CHAINS.stream().allMatch(chain -> {
                    List<String> present = iptables.chain(program, "filter", chain);
                    return holds(rules.home(), present, wanted(rules, chain, present));
                }));
    }

    boolean remove(HomeId home, List<String> programs) {
        boolean changed = false;
        for (String program : programs) {
            for (String chain : CHAINS) {
                List<String> present = iptables.chain(program, "filter", chain);
                if (present.stream().anyMatch(line -> isOurs(home, line))) {
                    replace(program, chain, home, present, List.of());
                    changed = true;
                }
            }
        }
        return changed;
    }

    /** At the top, in their order: whatever jumps a later start of somebody else's puts above does not drop what it does not know. */
    private static boolean holds(HomeId home, List<String> present, List<String> wanted) {
        List<String> ours = present.stream().filter(line -> isOurs(home, line)).toList();
        if (!ours.equals(wanted)) {
            return false;
        }
        Optional<String> drop =
                present.stream().filter(XtablesPassage::dropsAll).findFirst();
        return wanted.isEmpty() || drop.isEmpty() || present.indexOf(wanted.getLast()) < present.indexOf(drop.get());
    }

    private static boolean isOurs(HomeId home, String line) {
        return line.contains(" --comment " + Passages.comment(home) + " ");
    }

    static boolean dropsAll(String line) {
        return line.matches("-A \\S+ -j (DROP|REJECT)( .*)?");
    }

    private void replace(String program, String chain, HomeId home, List<String> present, List<String> wanted) {
        for (String line : present) {
            if (isOurs(home, line)) {
                iptables.change(program, "filter", words("-D" + line.substring(2)));
            }
        }
        for (String line : wanted.reversed()) {
            iptables.change(program, "filter", words("-I" + line.substring(2)));
        }
    }

    /** Our own rules have no blanks within words. */
    private static List<String> words(String line) {
        return List.of(line.split(" "));
    }

    /** As {@code -S} prints them. */
    private static List<String> wanted(Rules rules, String chain, List<String> present) {
        boolean drops = present.stream().anyMatch(line -> line.equals("-P " + chain + " DROP") || dropsAll(line));
        if (!drops || rules.ports().isEmpty()) {
            return List.of();
        }
        String bridge = rules.bridge().name();
        String accept = " -m comment --comment " + Passages.comment(rules.home()) + " -j ACCEPT";
        String answers = " -m conntrack --ctstate RELATED,ESTABLISHED";
        if (chain.equals("INPUT")) {
            String dns = "-A INPUT -d " + rules.bridge().address() + "/32 -i " + bridge;
            return List.of(
                    dns + " -p udp -m udp --dport 53" + accept,
                    dns + " -p tcp -m tcp --dport 53" + accept,
                    "-A INPUT -i " + bridge + answers + accept);
        }
        List<String> lines = new ArrayList<>();
        if (rules.bridge().peers()) {
            lines.add("-A FORWARD -i " + bridge + " -o " + bridge + accept); // br_netfilter shows them here
        }
        if (Passages.exposes(rules)) {
            lines.add("-A FORWARD -o " + bridge + " -m conntrack --ctstate DNAT" + accept);
            lines.add("-A FORWARD -i " + bridge + " -m conntrack --ctstate DNAT" + accept);
        }
        Passages.natUplink(rules)
                .ifPresent(uplink -> lines.addAll(List.of(
                        "-A FORWARD -i " + bridge + " -o " + uplink + accept,
                        "-A FORWARD -i " + uplink + " -o " + bridge + answers + accept)));
        return lines;
    }
}
