package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.util.List;
import java.util.Map;

/**
 * A base chain of somebody else's at the hook forward or input that sees IPv4.
 *
 * @param drops whether its policy or its last word is drop
 * @param rules as nft lists them
 */
record ForeignChain(String family, String table, String name, String hook, boolean drops, List<Map<?, ?>> rules) {
    /**
     * {@code chain}: the object that nft lists for it; {@code listing}: all objects that it lists of what is in it.
     *
     * @throws BangerException PRECONDITION_FAILED if its name cannot be said in a command
     */
    static ForeignChain of(Map<?, ?> chain, List<Map<?, ?>> listing) {
        path(chain);
        List<Map<?, ?>> rules = listing.stream()
                .filter(object -> object.containsKey("rule"))
                .<Map<?, ?>>map(object -> Nft.object(object.get("rule")))
                .toList();
        boolean drops =
                Nft.string(chain, "policy").equals("drop") || rules.stream().anyMatch(ForeignChain::dropsAll);
        return new ForeignChain(
                Nft.string(chain, "family"),
                Nft.string(chain, "table"),
                Nft.string(chain, "name"),
                Nft.string(chain, "hook"),
                drops,
                rules);
    }

    /** Whether what nft lists as a chain is one of these. */
    static boolean matches(Map<?, ?> chain) {
        String family = Nft.string(chain, "family");
        String hook = Nft.string(chain, "hook");
        return (family.equals("ip") || family.equals("inet"))
                && Nft.string(chain, "type").equals("filter")
                && (hook.equals("forward") || hook.equals("input"))
                // Our own tables drop, too, but only what they shall.
                && !Nft.string(chain, "table").matches("bgr[0-9a-f]{6}");
    }

    /** What commands call it. */
    static String path(Map<?, ?> chain) {
        String table = Nft.string(chain, "table");
        String name = Nft.string(chain, "name");
        if (!plain(table) || !plain(name)) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "an nftables chain has a name that cannot be: " + table + " " + name);
        }
        return Nft.string(chain, "family") + " " + table + " " + name;
    }

    private static boolean plain(String name) {
        return name.matches("[A-Za-z0-9_./-]{1,256}");
    }

    /** A rule without a condition that ends in drop or reject. */
    private static boolean dropsAll(Map<?, ?> rule) {
        boolean drop = false;
        for (Object each : Nft.list(rule.get("expr"))) {
            Map<?, ?> expression = Nft.object(each);
            if (expression.containsKey("drop") || expression.containsKey("reject")) {
                drop = true;
            } else if (!expression.containsKey("counter") && !expression.containsKey("log")) {
                return false;
            }
        }
        return drop;
    }

    /** Whether only iptables may change it: it does not understand all that nft would write there. */
    boolean iptables() {
        return family.equals("ip") && table.equals("filter") && (name.equals("FORWARD") || name.equals("INPUT"));
    }

    String path() { // of() saw to it that this is safe in a command
        return family + " " + table + " " + name;
    }

    List<Map<?, ?>> marked(String comment) {
        return rules.stream()
                .filter(rule -> Nft.string(rule, "comment").equals(comment))
                .toList();
    }
}
