package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.network.Firewall;
import dev.banger.network.HomeId;
import dev.banger.network.Rules;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * nftables where it works, else iptables with ebtables; or the one that is wished for. Rules that another daemon of this home
 * has made by the other one are removed, once those of this one are in place. {@link #unusable} may be called at any time.
 */
public final class FirewallChoice implements Firewall {
    /** What is wished for. */
    public enum Wish {
        AUTO,
        NFTABLES,
        IPTABLES
    }

    /** {@code unusable}: why it is not for this host; empty if it is. */
    record Candidate(Wish wish, Firewall firewall, Supplier<Optional<String>> unusable) {}

    private final List<Candidate> candidates;
    private final Wish wish;
    private volatile @Nullable Firewall chosen;
    private boolean alone;

    /** That of this network namespace. */
    public FirewallChoice(ProgramRunner programs, Wish wish) {
        this(programs, List.of(), Supplier::get, wish);
    }

    /**
     * That of another network namespace.
     *
     * @param prefix what to run programs under, such as {@code ip netns exec NAME}
     * @param opener of that namespace
     */
    public FirewallChoice(ProgramRunner programs, List<String> prefix, Opener opener, Wish wish) {
        this(
                candidates(
                        new NftFirewall(programs, prefix, opener, Iptables.LOCK_PATIENCE),
                        new IptablesFirewall(programs, prefix, opener, "iptables", Iptables.LOCK_PATIENCE)),
                wish);
    }

    /** {@code candidates}: the best first. */
    FirewallChoice(List<Candidate> candidates, Wish wish) {
        this.candidates = List.copyOf(candidates);
        this.wish = wish;
    }

    private static List<Candidate> candidates(NftFirewall nftables, IptablesFirewall iptables) {
        return List.of(
                new Candidate(Wish.NFTABLES, nftables, nftables::unusable),
                new Candidate(Wish.IPTABLES, iptables, iptables::unusable));
    }

    /** Why there is none for this host, a phrase for each that was looked at; empty if there is. Looks until it has found one. */
    public synchronized List<String> unusable() {
        List<String> reasons = new ArrayList<>();
        for (Candidate each : candidates) {
            if (chosen == null && (wish == Wish.AUTO || wish == each.wish())) {
                each.unusable()
                        .get()
                        .ifPresentOrElse(
                                reason -> reasons.add(each.firewall().name() + ": " + reason),
                                () -> chosen = each.firewall());
            }
        }
        return chosen == null ? reasons : List.of();
    }

    private Firewall chosen() {
        Firewall known = chosen;
        if (known != null) {
            return known;
        }
        List<String> reasons = unusable();
        known = chosen;
        if (known == null) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED, "no firewall can be used here; " + String.join("; ", reasons));
        }
        return known;
    }

    @Override
    public String name() {
        return chosen().name();
    }

    @Override
    public boolean apply(Rules rules) {
        boolean changed = chosen().apply(rules);
        if (alone) {
            return changed;
        }
        removeOthers(rules.home());
        alone = true;
        // Exceptions in the chains of others bear one mark, whoever made them.
        return chosen().apply(rules) || changed;
    }

    private void removeOthers(HomeId home) {
        for (Candidate each : candidates) {
            if (each.firewall() != chosen() && each.unusable().get().isEmpty()) {
                each.firewall().remove(home);
            }
        }
    }

    @Override
    public boolean holds(Rules rules) {
        return chosen().holds(rules);
    }

    @Override
    public void remove(HomeId home) {
        chosen().remove(home);
        if (!alone) {
            removeOthers(home);
        }
    }

    @Override
    public Map<String, Long> denied(HomeId home) {
        return chosen().denied(home);
    }

    @Override
    public List<String> obstacles(Rules rules) {
        return chosen().obstacles(rules);
    }
}
