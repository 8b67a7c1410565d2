package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.Firewall;
import dev.banger.network.HomeId;
import dev.banger.network.Rules;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * iptables for IPv4 and ebtables for frames: chains of our own with the rules that {@link NftFirewall} has, jumped to from the
 * top of the built-in ones, each table replaced at once. Filters of others elsewhere get {@link Passages}. One call at a time.
 *
 * <p>ebtables has to be of the kind that uses nf_tables: the older one cannot replace a part of a table at once.
 */
public final class IptablesFirewall implements Firewall {
    private final Nft nft;
    private final NftLook.Eyes eyes;
    private final Iptables iptables;
    private final String program;
    private @Nullable Parts parts;

    private record Parts(OwnChains frames, OwnChains packets, Passages passages) {}

    /**
     * @param prefix what to run programs under, such as {@code ip netns exec NAME}; empty for this namespace
     * @param opener of that namespace
     * @param program the kind of iptables: {@code iptables-nft}, {@code iptables-legacy}, or {@code iptables}, the host's own choice
     * @param lockPatience how long to wait for the lock of iptables-legacy; whole seconds
     */
    public IptablesFirewall(
            ProgramRunner programs, List<String> prefix, Opener opener, String program, Duration lockPatience) {
        this.nft = new Nft(programs, prefix, opener);
        this.eyes = new NftLook.Eyes(nft, new RuleGeneration(opener));
        this.iptables = new Iptables(programs, prefix, lockPatience);
        this.program = program;
    }

    /** Why it cannot be used on this host; empty if it can. */
    public Optional<String> unusable() {
        if (!iptables.has(program)) {
            return Optional.of(iptables.absent(program));
        }
        Optional<String> ebtables = ebtables();
        if (ebtables.isEmpty()) {
            return Optional.of("there is no ebtables of the kind that uses nf_tables (ebtables-nft), which newer"
                    + " packages of iptables have");
        }
        return iptables.unusable(program).or(() -> iptables.unusable(ebtables.get()));
    }

    private Optional<String> ebtables() {
        return List.of("ebtables-nft", "ebtables").stream()
                .filter(iptables::has)
                .filter(iptables::usesNfTables)
                .findFirst();
    }

    private Parts parts() {
        Parts known = parts;
        if (known == null) {
            boolean nfTables = iptables.usesNfTables(program);
            known = new Parts(
                    new OwnChains(OwnTables.ofEbtables(iptables, nft, ebtables().orElse("ebtables"))),
                    new OwnChains(OwnTables.ofIptables(iptables, nft, program, nfTables)),
                    new Passages(nft, iptables, nfTables ? XtablesPassage.NFT : XtablesPassage.LEGACY));
            parts = known;
        }
        return known;
    }

    @Override
    public String name() {
        return "iptables";
    }

    @Override
    public boolean apply(Rules rules) {
        if (rules.ports().isEmpty()) {
            return clear(rules.home());
        }
        if (rules.ports().stream().anyMatch(port -> port.rate() > 0)) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "bandwidth cannot be limited with iptables, only with nftables; install nftables");
        }
        Parts all = parts();
        boolean changed = all.frames()
                .apply(rules.home(), EbtablesRuleset.tables(rules), all.frames().look());
        Map<String, XtablesSave.Table> present = all.packets().look();
        changed |= all.packets().apply(rules.home(), IptablesRuleset.tables(rules, present), present);
        return all.passages().apply(rules, foreign(rules.home())) || changed;
    }

    @Override
    public boolean holds(Rules rules) {
        Parts all = parts();
        Map<String, XtablesSave.Table> frames = all.frames().look();
        Map<String, XtablesSave.Table> packets = all.packets().look();
        boolean held = rules.ports().isEmpty()
                ? OwnChains.absent(rules.home(), frames) && OwnChains.absent(rules.home(), packets)
                : all.frames().holds(rules.home(), EbtablesRuleset.tables(rules), frames)
                        && all.packets().holds(rules.home(), IptablesRuleset.tables(rules, packets), packets);
        return held && all.passages().hold(rules, foreign(rules.home()));
    }

    /** Chains of others that only nft shows. */
    private List<ForeignChain> foreign(HomeId home) {
        return nft.installed() ? eyes.glance(home).foreign() : List.of();
    }

    @Override
    public void remove(HomeId home) {
        clear(home);
    }

    private boolean clear(HomeId home) {
        Parts all = parts();
        boolean changed = false;
        // Whoever holds the lock of one part does not keep the others.
        try {
            changed = all.passages().remove(home, foreign(home));
        } finally {
            try {
                changed |= all.packets().remove(home);
            } finally {
                changed |= all.frames().remove(home);
            }
        }
        return changed;
    }

    @Override
    public Map<String, Long> denied(HomeId home) {
        Map<String, Long> denied = new HashMap<>();
        XtablesSave.Table filter = parts().packets().look().getOrDefault("filter", XtablesSave.Table.NONE);
        if (filter.policies().containsKey(XtablesTable.owner(home))) {
            for (XtablesSave.Line line : filter.lines()) {
                String text = line.unquoted();
                int comment = text.indexOf(" " + IptablesRuleset.COMMENT);
                if (line.chain().startsWith(home.prefix())
                        && line.chain().endsWith(IptablesRuleset.DENIED)
                        && comment >= 0) {
                    String rest = text.substring(comment + 1 + IptablesRuleset.COMMENT.length());
                    denied.put(rest.substring(0, rest.indexOf(' ')), line.packets());
                }
            }
        }
        return Map.copyOf(denied);
    }

    @Override
    public List<String> obstacles(Rules rules) {
        return parts().passages().obstacles(rules, foreign(rules.home()));
    }
}
