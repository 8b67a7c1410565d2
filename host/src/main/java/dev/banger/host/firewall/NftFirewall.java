package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.Firewall;
import dev.banger.network.HomeId;
import dev.banger.network.Rules;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * nftables: two tables of our own, replaced as a whole in one transaction, and accepts in the chains of others that would drop
 * what goes between guests and uplink ({@link Passages}). One call at a time.
 */
public final class NftFirewall implements Firewall {
    private static final List<String> FAMILIES = List.of("bridge", "ip");
    private static final String COUNTER_PREFIX = NftRuleset.counter("");

    private final Nft nft;
    private final Passages passages;
    private @Nullable Applied applied;

    /** What was applied last, and how it was listed right after. */
    private record Applied(Rules rules, String listing) {}

    /** {@code prefix}: what to run programs under, such as {@code ip netns exec NAME}; empty for this namespace. */
    public NftFirewall(ProgramRunner programs, List<String> prefix) {
        this.nft = new Nft(programs, prefix);
        this.passages = new Passages(nft, new Iptables(programs, prefix));
    }

    /** Why it cannot be used on this host; empty if it can. */
    public Optional<String> unusable() {
        return nft.unusable();
    }

    @Override
    public String name() {
        return "nftables";
    }

    @Override
    public boolean apply(Rules rules) {
        if (rules.ports().isEmpty()) {
            return clear(rules.home());
        }
        boolean changed = false;
        if (!tablesHold(rules)) {
            write(rules);
            changed = true;
        }
        return passages.apply(rules) || changed;
    }

    private void write(Rules rules) {
        HomeId home = rules.home();
        requireOwn(home);
        Map<String, NftRuleset.Count> counts = counts(home);
        nft.transaction(NftRuleset.render(rules, counts));
        // Read back: what the kernel lists now is what every later look is compared with.
        StringBuilder listing = new StringBuilder();
        for (String family : FAMILIES) {
            List<Map<?, ?>> objects = nft.table(family, home.prefix())
                    .orElseThrow(() -> new BangerException(
                            ErrorCode.HOST_COMMAND_FAILED,
                            "the table " + family + " " + home.prefix() + " was removed in the moment it was made"));
            listing.append(NftListing.comparable(objects));
        }
        applied = new Applied(rules, listing.toString());
    }

    /** A table of our name without our chain is somebody else's. */
    private void requireOwn(HomeId home) {
        for (String family : FAMILIES) {
            Optional<List<Map<?, ?>>> table = nft.table(family, home.prefix());
            if (table.isPresent() && !NftListing.hasChain(table.get(), NftRuleset.ownerChain(home.hex()))) {
                throw new BangerException(
                        ErrorCode.ALREADY_EXISTS,
                        "there is an nftables table " + family + " " + home.prefix()
                                + " that is not banger's; rename or delete it: nft delete table " + family + " "
                                + home.prefix());
            }
        }
    }

    private boolean tablesHold(Rules rules) {
        Applied last = applied;
        if (last == null || !last.rules().equals(rules)) {
            return false;
        }
        StringBuilder listing = new StringBuilder();
        for (String family : FAMILIES) {
            nft.table(family, rules.home().prefix())
                    .ifPresent(objects -> listing.append(NftListing.comparable(objects)));
        }
        return listing.toString().equals(last.listing());
    }

    @Override
    public boolean holds(Rules rules) {
        if (rules.ports().isEmpty()) {
            return owned(rules.home()).isEmpty() && passages.hold(rules);
        }
        return tablesHold(rules) && passages.hold(rules);
    }

    @Override
    public void remove(HomeId home) {
        clear(home);
    }

    private boolean clear(HomeId home) {
        applied = null;
        boolean changed = passages.remove(home);
        List<String> tables = owned(home);
        if (!tables.isEmpty()) {
            StringBuilder commands = new StringBuilder();
            tables.forEach(family -> commands.append("delete table " + family + " " + home.prefix() + "\n"));
            nft.transaction(commands.toString());
        }
        return changed || !tables.isEmpty();
    }

    /** The families in which there is a table of ours. */
    private List<String> owned(HomeId home) {
        return FAMILIES.stream()
                .filter(family -> nft.table(family, home.prefix())
                        .filter(objects -> NftListing.hasChain(objects, NftRuleset.ownerChain(home.hex())))
                        .isPresent())
                .toList();
    }

    private Map<String, NftRuleset.Count> counts(HomeId home) {
        Map<String, NftRuleset.Count> counts = new HashMap<>();
        nft.table("ip", home.prefix())
                .filter(objects -> NftListing.hasChain(objects, NftRuleset.ownerChain(home.hex())))
                .map(NftListing::counters)
                .orElse(Map.of())
                .forEach((name, count) -> {
                    if (name.startsWith(COUNTER_PREFIX)) {
                        counts.put(name.substring(COUNTER_PREFIX.length()), count);
                    }
                });
        return counts;
    }

    @Override
    public Map<String, Long> denied(HomeId home) {
        Map<String, Long> denied = new HashMap<>();
        counts(home).forEach((vmId, count) -> denied.put(vmId, count.packets()));
        return Map.copyOf(denied);
    }

    @Override
    public List<String> obstacles(Rules rules) {
        return passages.obstacles(rules);
    }
}
