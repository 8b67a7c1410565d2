package dev.banger.host.firewall;

import dev.banger.network.HomeId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What we want in a table of iptables or ebtables: chains of our own, and a jump into them from the top of built-in ones.
 *
 * @param chains their rules, from behind {@code -A CHAIN} on; names begin with {@link HomeId#prefix}
 * @param jumps by built-in chain, from behind {@code -A CHAIN} on, as they are listed
 */
record XtablesTable(String name, Map<String, List<String>> chains, Map<String, String> jumps) {
    XtablesTable {
        chains = new LinkedHashMap<>(chains);
        jumps = new LinkedHashMap<>(jumps);
    }

    static XtablesTable named(String name) {
        return new XtablesTable(name, Map.of(), Map.of());
    }

    XtablesTable chain(String chain, List<String> rules) {
        chains.put(chain, List.copyOf(rules));
        return this;
    }

    XtablesTable jump(String from, String rule) {
        jumps.put(from, rule);
        return this;
    }

    /** An empty chain of that name says whose the others are: prefixes are shorter, and may meet. */
    static String owner(HomeId home) {
        return "banger-" + home.hex();
    }
}
