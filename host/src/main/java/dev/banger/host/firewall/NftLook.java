package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.network.HomeId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What nftables has of what concerns us: our own tables, and base chains of others.
 *
 * @param present the families in which there is a table of our name
 * @param owned those of them in which it is ours
 * @param tables what is in our own tables, in the order of {@code owned}
 * @param chains those of others; empty when {@code unreadable}
 * @param unreadable why the chains of others could not be read; that must not keep our own rules from being put right
 */
record NftLook(
        List<String> present,
        List<String> owned,
        List<List<Map<?, ?>>> tables,
        List<ForeignChain> chains,
        Optional<BangerException> unreadable) {
    static final List<String> FAMILIES = List.of("bridge", "ip");
    private static final String COUNTER_PREFIX = NftRuleset.counter("");

    /** Our own tables in a form that can be compared with that of another look. */
    String comparable() {
        StringBuilder listing = new StringBuilder();
        tables.forEach(table -> listing.append(NftListing.comparable(table)));
        return listing.toString();
    }

    /** @throws BangerException if they could not be read */
    List<ForeignChain> foreign() {
        unreadable.ifPresent(e -> {
            throw e;
        });
        return chains;
    }

    /** What our counters say, by VM. */
    Map<String, NftRuleset.Count> counts() {
        Map<String, NftRuleset.Count> counts = new HashMap<>();
        for (List<Map<?, ?>> table : tables) {
            NftListing.counters(table).forEach((name, count) -> {
                if (name.startsWith(COUNTER_PREFIX)) {
                    counts.put(name.substring(COUNTER_PREFIX.length()), count);
                }
            });
        }
        return counts;
    }

    /** The same with our own tables as they are now. */
    private NftLook with(HomeId home, Map<String, List<Map<?, ?>>> tablesNow) {
        return of(home, tablesNow, chains, unreadable);
    }

    private static NftLook of(
            HomeId home,
            Map<String, List<Map<?, ?>>> tables,
            List<ForeignChain> chains,
            Optional<BangerException> unreadable) {
        List<String> present = FAMILIES.stream().filter(tables::containsKey).toList();
        // An empty chain of that name says whose table it is.
        List<String> owned = present.stream()
                .filter(family ->
                        NftListing.hasChain(tables.getOrDefault(family, List.of()), NftRuleset.ownerChain(home.hex())))
                .toList();
        return new NftLook(present, owned, owned.stream().map(tables::get).toList(), List.copyOf(chains), unreadable);
    }

    /**
     * Looks, by one run of nft for all there is. Where others have so many rules that this takes long, or nft cannot list them all, by
     * a run for each table and chain that concerns us: nft 1.0.6 does not answer for several of them in one. Not thread-safe.
     */
    static final class Eyes {
        private static final Logger LOG = LoggerFactory.getLogger(Eyes.class);
        private static final int MANY_CHARACTERS = 512 * 1024;

        private final Nft nft;
        private final RuleGeneration generation;
        private boolean piecemeal;
        private Optional<Seen> seen = Optional.empty();

        /** {@code generation}: that of the rules as they were just before the look. */
        private record Seen(HomeId home, int generation, NftLook look) {}

        Eyes(Nft nft, RuleGeneration generation) {
            this.nft = nft;
            this.generation = generation;
        }

        NftLook look(HomeId home) {
            OptionalInt before = generation.now();
            NftLook look = lookAtAll(home);
            boolean lasting = before.isPresent() && look.unreadable().isEmpty();
            seen = lasting ? Optional.of(new Seen(home, before.getAsInt(), look)) : Optional.empty();
            return look;
        }

        /** The last look as long as no rule has changed since, in which what counters count may be old; else another one. */
        NftLook glance(HomeId home) {
            if (seen.isPresent()) {
                Seen last = seen.get();
                OptionalInt now = generation.now();
                if (last.home().equals(home) && now.isPresent() && now.getAsInt() == last.generation()) {
                    return last.look();
                }
            }
            return look(home);
        }

        /**
         * Changes our own tables, all of it or nothing, and looks at them. Where nobody else has changed anything since the last look, which
         * the generation tells, the rest is as it was then.
         */
        NftLook change(HomeId home, String commands) {
            nft.transaction(commands);
            Optional<Seen> before = seen.filter(last -> last.home().equals(home) && nft.hasLibrary());
            if (before.isPresent()) {
                int expected = before.get().generation() + 1;
                OptionalInt changed = generation.now();
                NftLook look = before.get().look().with(home, own(home));
                if (changed.equals(OptionalInt.of(expected)) && generation.now().equals(changed)) {
                    seen = Optional.of(new Seen(home, expected, look));
                    return look;
                }
            }
            return look(home);
        }

        /** What our counters say now, by VM. */
        Map<String, NftRuleset.Count> counts(HomeId home) {
            return nft.hasLibrary()
                    ? of(home, own(home), List.of(), Optional.empty()).counts()
                    : look(home).counts();
        }

        private Map<String, List<Map<?, ?>>> own(HomeId home) {
            Map<String, List<Map<?, ?>>> tables = new HashMap<>();
            for (String family : FAMILIES) {
                nft.listOwn("table " + family + " " + home.prefix())
                        .ifPresent(listing -> tables.put(family, listing.objects()));
            }
            return tables;
        }

        private NftLook lookAtAll(HomeId home) {
            if (!piecemeal) {
                try {
                    Nft.Listing all = nft.list("ruleset").orElse(Nft.Listing.NOTHING);
                    piecemeal = all.characters() > MANY_CHARACTERS;
                    return whole(home, all.objects());
                } catch (BangerException e) {
                    LOG.debug("The rules cannot be listed as a whole", e);
                    piecemeal = true;
                }
            }
            return pieces(home);
        }

        private static NftLook whole(HomeId home, List<Map<?, ?>> all) {
            Map<String, List<Map<?, ?>>> tables = new HashMap<>();
            Map<String, List<Map<?, ?>>> rules = new HashMap<>();
            for (Map<?, ?> each : all) {
                String kind =
                        each.keySet().stream().map(String::valueOf).findFirst().orElse("");
                Map<?, ?> object = Nft.object(each.get(kind));
                String family = Nft.string(object, "family");
                String table = Nft.string(object, kind.equals("table") ? "name" : "table");
                if (table.equals(home.prefix())) {
                    tables.computeIfAbsent(family, ignored -> new ArrayList<>()).add(each);
                }
                if (kind.equals("rule")) {
                    rules.computeIfAbsent(path(object, "chain"), ignored -> new ArrayList<>())
                            .add(each);
                }
            }
            List<ForeignChain> chains = chains(all)
                    .map(chain -> ForeignChain.of(chain, rules.getOrDefault(path(chain, "name"), List.of())))
                    .toList();
            return of(home, tables, chains, Optional.empty());
        }

        private static String path(Map<?, ?> object, String key) {
            return Nft.string(object, "family") + " " + Nft.string(object, "table") + " " + Nft.string(object, key);
        }

        private static Stream<Map<?, ?>> chains(List<Map<?, ?>> objects) {
            return objects.stream()
                    .<Map<?, ?>>map(object -> Nft.object(object.get("chain")))
                    .filter(ForeignChain::matches);
        }

        private NftLook pieces(HomeId home) {
            Map<String, List<Map<?, ?>>> tables = own(home);
            try {
                List<ForeignChain> foreign = chains(
                                nft.list("chains").orElse(Nft.Listing.NOTHING).objects())
                        .map(chain -> ForeignChain.of(
                                chain,
                                nft.list("chain " + ForeignChain.path(chain))
                                        .orElse(Nft.Listing.NOTHING)
                                        .objects()))
                        .toList();
                return of(home, tables, foreign, Optional.empty());
            } catch (BangerException e) {
                return of(home, tables, List.of(), Optional.of(e));
            }
        }
    }
}
