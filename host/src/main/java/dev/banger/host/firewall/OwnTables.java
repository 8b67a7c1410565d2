package dev.banger.host.firewall;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** How the tables that {@link OwnChains} is about are read and written: by iptables of either kind, or by ebtables of nf_tables' kind. */
final class OwnTables {
    private final Iptables iptables;
    private final Nft nft;
    private final String program;
    private final boolean bridge;
    private final boolean nfTables;

    private OwnTables(Iptables iptables, Nft nft, String program, boolean bridge, boolean nfTables) {
        this.iptables = iptables;
        this.nft = nft;
        this.program = program;
        this.bridge = bridge;
        this.nfTables = nfTables;
    }

    /** {@code nfTables}: whether {@code program} is of the kind that uses nf_tables. */
    static OwnTables ofIptables(Iptables iptables, Nft nft, String program, boolean nfTables) {
        return new OwnTables(iptables, nft, program, false, nfTables);
    }

    static OwnTables ofEbtables(Iptables iptables, Nft nft, String program) {
        return new OwnTables(iptables, nft, program, true, true);
    }

    String program() {
        return program;
    }

    /** Whether tables that were made can be removed again. */
    boolean keepsNothing() {
        return nfTables;
    }

    Map<String, XtablesSave.Table> look() {
        return iptables.save(program);
    }

    /** Whether rules can be written with their counts. */
    boolean counts() {
        return !bridge;
    }

    /** Whether anybody can see which built-in chains there are: iptables itself lists those that are not, too. */
    boolean seesBuiltIn() {
        return nfTables && nft.installed();
    }

    /** The built-in chains that tables have already, where that can be seen. */
    Map<String, Set<String>> builtIn() {
        Map<String, Set<String>> chains = new HashMap<>();
        if (seesBuiltIn()) {
            for (Map<?, ?> object : nft.list("chains " + (bridge ? "bridge" : "ip"))
                    .orElse(Nft.Listing.NOTHING)
                    .objects()) {
                Map<?, ?> chain = Nft.object(object.get("chain"));
                if (!Nft.string(chain, "hook").isEmpty()) {
                    chains.computeIfAbsent(Nft.string(chain, "table"), ignored -> new HashSet<>())
                            .add(Nft.string(chain, "name"));
                }
            }
        }
        return chains;
    }

    String declaration(String chain) {
        return ":" + chain + (bridge ? " RETURN\n" : " - [0:0]\n");
    }

    String commit() {
        return bridge ? "" : "COMMIT\n";
    }

    void restore(String commands) {
        List<String> waiting = bridge ? List.of() : iptables.waiting();
        iptables.restore(
                program,
                Stream.concat(Stream.of("--noflush", "--counters").limit(bridge ? 1 : 2), waiting.stream())
                        .toList(),
                commands);
    }

    /** A restore that is not told to keep what there is deletes the table first; then there is nothing to restore. */
    void delete(String name) {
        iptables.restore(program, bridge ? List.of() : iptables.waiting(), "*" + name + "\n" + commit());
    }
}
