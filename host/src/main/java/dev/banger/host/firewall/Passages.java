package dev.banger.host.firewall;

import dev.banger.network.HomeId;
import dev.banger.network.Rules;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Ways through the filters of others. In nftables a packet must be accepted by every chain at a hook: where a container engine
 * or a firewall drops what it does not know, an accept in a table of our own does not count. So accepts that are marked as ours
 * go to the top of such chains, and away with the last guest that needs them; nothing else in there is touched. They are as wide as
 * the bridge: what a guest may do in particular our own chains decide, which drop.
 *
 * <p>Looked at are the chains at the forward hook, for NAT, and at the input hook, for DNS, whose policy or whose last word is drop.
 */
final class Passages {
    private final Nft nft;
    private final XtablesPassage xtables;
    private final Iptables iptables;
    private final String own;

    /** {@code own}: the kind of iptables that has our rules itself, and needs no exceptions; empty for none. */
    Passages(Nft nft, Iptables iptables, String own) {
        this.nft = nft;
        this.xtables = new XtablesPassage(iptables);
        this.iptables = iptables;
        this.own = own;
    }

    static String comment(HomeId home) {
        return "banger-" + home.hex();
    }

    /** Makes the accepts what they shall be; whether anything had to be changed. */
    boolean apply(Rules rules, List<ForeignChain> foreign) {
        boolean changed = false;
        for (ForeignChain chain : foreign) {
            if (!chain.iptables() && !holds(chain, rules)) {
                nft.transaction(replacement(chain, rules));
                changed = true;
            }
        }
        return xtables.apply(rules, programs(foreign)) || changed;
    }

    boolean hold(Rules rules, List<ForeignChain> foreign) {
        return foreign.stream().filter(chain -> !chain.iptables()).allMatch(chain -> holds(chain, rules))
                && xtables.hold(rules, programs(foreign));
    }

    boolean remove(HomeId home, List<ForeignChain> foreign) {
        boolean changed = false;
        for (ForeignChain chain : foreign) {
            if (!chain.iptables() && !chain.marked(comment(home)).isEmpty()) {
                nft.transaction(deletions(chain, home));
                changed = true;
            }
        }
        return xtables.remove(home, programs(foreign)) || changed;
    }

    /** Chains that drop, and that we cannot get past: iptables' own, without iptables to change them. */
    List<String> obstacles(Rules rules, List<ForeignChain> foreign) {
        return foreign.stream()
                .filter(chain -> chain.iptables()
                        && !own.equals(XtablesPassage.NFT)
                        && chain.drops()
                        && !wanted(chain, rules).isEmpty())
                .filter(chain -> programs(List.of(chain)).isEmpty())
                .map(chain -> "the chain " + chain.path() + " drops what guests send and get, and an exception takes"
                        + " iptables: " + iptables.absent("iptables"))
                .toList();
    }

    private List<String> programs(List<ForeignChain> foreign) {
        boolean nftTable = nft.installed()
                ? foreign.stream().anyMatch(ForeignChain::iptables)
                : iptables.has(XtablesPassage.NFT)
                        && iptables.save(XtablesPassage.NFT).containsKey("filter");
        return xtables.programs(nftTable).stream()
                .filter(program -> !program.equals(own))
                .toList();
    }

    private static boolean holds(ForeignChain chain, Rules rules) {
        List<Map<?, ?>> marked = chain.marked(comment(rules.home()));
        List<String> wanted = wanted(chain, rules);
        if (marked.size() != wanted.size()) {
            return false;
        }
        // At the top, and for the same links: the listing tells names as they were written.
        List<Map<?, ?>> top = chain.rules().subList(0, marked.size());
        return top.equals(marked) && (wanted.isEmpty() || names(marked).equals(names(rules, chain)));
    }

    private static List<String> names(List<Map<?, ?>> marked) {
        List<String> names = new ArrayList<>();
        marked.forEach(rule -> Nft.list(rule.get("expr")).forEach(expression -> {
            Map<?, ?> match = Nft.object(Nft.object(expression).get("match"));
            Map<?, ?> meta = Nft.object(Nft.object(match.get("left")).get("meta"));
            if (!meta.isEmpty()) {
                names.add(Nft.string(meta, "key") + " " + match.get("right"));
            }
        }));
        return names;
    }

    private static List<String> names(Rules rules, ForeignChain chain) {
        String bridge = rules.bridge().name();
        if (chain.hook().equals("input")) {
            return List.of("iifname " + bridge, "iifname " + bridge, "iifname " + bridge);
        }
        List<String> names = new ArrayList<>();
        if (rules.bridge().peers()) {
            names.addAll(List.of("iifname " + bridge, "oifname " + bridge));
        }
        if (exposes(rules)) {
            names.addAll(List.of("oifname " + bridge, "iifname " + bridge));
        }
        natUplink(rules)
                .ifPresent(uplink -> names.addAll(
                        List.of("iifname " + bridge, "oifname " + uplink, "iifname " + uplink, "oifname " + bridge)));
        return names;
    }

    private static List<String> wanted(ForeignChain chain, Rules rules) {
        if (!chain.drops() || rules.ports().isEmpty()) {
            return List.of();
        }
        String bridge = '"' + rules.bridge().name() + '"';
        if (chain.hook().equals("input")) {
            String dns = "iifname " + bridge + " ip daddr " + rules.bridge().address();
            return List.of(
                    dns + " udp dport 53 accept",
                    dns + " tcp dport 53 accept",
                    "iifname " + bridge + " ct state established,related accept");
        }
        List<String> wanted = new ArrayList<>();
        if (rules.bridge().peers()) {
            wanted.add("iifname " + bridge + " oifname " + bridge + " accept"); // br_netfilter shows them here
        }
        if (exposes(rules)) {
            wanted.add("oifname " + bridge + " ct status dnat accept");
            wanted.add("iifname " + bridge + " ct status dnat accept");
        }
        natUplink(rules)
                .ifPresent(uplink -> wanted.addAll(List.of(
                        "iifname " + bridge + " oifname \"" + uplink + "\" accept",
                        "iifname \"" + uplink + "\" oifname " + bridge + " ct state established,related accept")));
        return wanted;
    }

    static boolean exposes(Rules rules) {
        return rules.ports().stream().anyMatch(port -> !port.exposed().isEmpty());
    }

    static Optional<String> natUplink(Rules rules) {
        return rules.uplink().filter(ignored -> rules.nat());
    }

    private static String replacement(ForeignChain chain, Rules rules) {
        StringBuilder commands = new StringBuilder(deletions(chain, rules.home()));
        for (String rule : wanted(chain, rules).reversed()) {
            commands.append(
                    "insert rule " + chain.path() + " " + rule + " comment \"" + comment(rules.home()) + "\"\n");
        }
        return commands.toString();
    }

    private static String deletions(ForeignChain chain, HomeId home) {
        StringBuilder commands = new StringBuilder();
        chain.marked(comment(home))
                .forEach(rule ->
                        commands.append("delete rule " + chain.path() + " handle " + rule.get("handle") + "\n"));
        return commands.toString();
    }
}
