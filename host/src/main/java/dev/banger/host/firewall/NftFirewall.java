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
 * nftables: two tables of our own, replaced as a whole in one transaction, and accepts in the chains of others that would drop
 * what goes between guests and uplink ({@link Passages}). One call at a time.
 */
public final class NftFirewall implements Firewall {
    private final Nft nft;
    private final NftLook.Eyes eyes;
    private final Passages passages;
    private @Nullable Applied applied;

    /** What was applied last, and how it was listed right after. */
    private record Applied(Rules rules, String listing) {}

    /**
     * @param prefix what to run programs under, such as {@code ip netns exec NAME}; empty for this namespace
     * @param opener of that namespace
     * @param lockPatience how long to wait for the lock of iptables, whose chains may need an exception; whole seconds
     */
    public NftFirewall(ProgramRunner programs, List<String> prefix, Opener opener, Duration lockPatience) {
        this.nft = new Nft(programs, prefix, opener);
        this.eyes = new NftLook.Eyes(nft, new RuleGeneration(opener));
        this.passages = new Passages(nft, new Iptables(programs, prefix, lockPatience), "");
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
        NftLook look = eyes.glance(rules.home());
        if (rules.ports().isEmpty()) {
            return clear(rules.home(), look);
        }
        boolean changed = false;
        if (!tablesHold(rules, look)) {
            write(rules, look);
            changed = true;
        }
        return passages.apply(rules, look.foreign()) || changed;
    }

    private void write(Rules rules, NftLook before) {
        requireOwn(rules.home(), before);
        Map<String, NftRuleset.Count> counts = before.counts().isEmpty() ? Map.of() : eyes.counts(rules.home());
        // Read back: what the kernel lists now is what every later look is compared with.
        NftLook after = eyes.change(rules.home(), NftRuleset.render(rules, counts));
        if (!after.owned().equals(NftLook.FAMILIES)) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED,
                    "a table " + rules.home().prefix() + " was removed in the moment it was made");
        }
        applied = new Applied(rules, after.comparable());
    }

    /** A table of our name without our chain is somebody else's. */
    private static void requireOwn(HomeId home, NftLook look) {
        for (String family : look.present()) {
            if (!look.owned().contains(family)) {
                throw new BangerException(
                        ErrorCode.ALREADY_EXISTS,
                        "there is an nftables table " + family + " " + home.prefix()
                                + " that is not banger's; rename or delete it: nft delete table " + family + " "
                                + home.prefix());
            }
        }
    }

    private boolean tablesHold(Rules rules, NftLook look) {
        Applied last = applied;
        return last != null && last.rules().equals(rules) && look.comparable().equals(last.listing());
    }

    @Override
    public boolean holds(Rules rules) {
        NftLook look = eyes.glance(rules.home());
        boolean tables = rules.ports().isEmpty() ? look.owned().isEmpty() : tablesHold(rules, look);
        return tables && passages.hold(rules, look.foreign());
    }

    @Override
    public void remove(HomeId home) {
        clear(home, eyes.glance(home));
    }

    private boolean clear(HomeId home, NftLook look) {
        applied = null;
        boolean changed = false;
        try {
            changed = passages.remove(home, look.foreign());
        } finally {
            // Whoever holds the lock of the passages does not keep our tables.
            removeTables(home, look);
        }
        return changed || !look.owned().isEmpty();
    }

    private void removeTables(HomeId home, NftLook look) {
        if (!look.owned().isEmpty()) {
            StringBuilder commands = new StringBuilder();
            look.owned().forEach(family -> commands.append("delete table " + family + " " + home.prefix() + "\n"));
            eyes.change(home, commands.toString());
        }
    }

    @Override
    public Map<String, Long> denied(HomeId home) {
        Map<String, Long> denied = new HashMap<>();
        eyes.counts(home).forEach((vmId, count) -> denied.put(vmId, count.packets()));
        return Map.copyOf(denied);
    }

    @Override
    public List<String> obstacles(Rules rules) {
        return passages.obstacles(rules, eyes.glance(rules.home()).foreign());
    }
}
