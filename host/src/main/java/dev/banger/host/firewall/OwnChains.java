package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.network.HomeId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Our chains in the tables of iptables or ebtables, and the jumps to them: read, replaced as a whole, table by table, and
 * removed. What bears no name of ours is not touched. Not thread-safe.
 *
 * <p>Tables and built-in chains that were not there before are marked by empty chains as made by us, so that they can go with
 * our rules; those of iptables-legacy the kernel keeps.
 */
final class OwnChains {
    /** Rules of any home's, all of which may be at the top: they look at their own bridge alone. */
    private static final String BANGERS = ".* (-j bgr[0-9a-f]{6}-\\S+|--comment banger-[0-9a-f]{16} .*)";

    private static final String MADE = "-made";

    private final OwnTables tables;
    private @Nullable Applied applied;

    /** What was applied last, and how it was listed right after. */
    private record Applied(List<XtablesTable> wanted, String listing) {}

    OwnChains(OwnTables tables) {
        this.tables = tables;
    }

    Map<String, XtablesSave.Table> look() {
        return tables.look();
    }

    /** Makes {@code present} what is wanted; whether anything had to be changed. */
    boolean apply(HomeId home, List<XtablesTable> wanted, Map<String, XtablesSave.Table> present) {
        if (holds(home, wanted, present)) {
            return false;
        }
        requireOwn(home, present);
        StringBuilder commands = new StringBuilder();
        Map<String, Set<String>> builtIn = tables.builtIn();
        wanted.forEach(table -> commands.append(replacement(
                home,
                table,
                Optional.ofNullable(present.get(table.name())),
                builtIn.getOrDefault(table.name(), Set.of()))));
        tables.restore(commands.toString());
        List<String> unwanted = owned(home, present);
        unwanted.removeAll(wanted.stream().map(XtablesTable::name).toList());
        clear(home, unwanted);
        // Read back: what the kernel lists now is what every later look is compared with.
        Map<String, XtablesSave.Table> after = look();
        for (XtablesTable table : wanted) {
            if (!isThere(home, table, after.getOrDefault(table.name(), XtablesSave.Table.NONE))) {
                throw new BangerException(
                        ErrorCode.HOST_COMMAND_FAILED,
                        "the rules in the table " + table.name() + " of " + tables.program()
                                + " were changed by another program in the moment they were made");
            }
        }
        applied = new Applied(wanted, listing(home, after));
        return true;
    }

    boolean holds(HomeId home, List<XtablesTable> wanted, Map<String, XtablesSave.Table> present) {
        Applied last = applied;
        return last != null && last.wanted().equals(wanted) && last.listing().equals(listing(home, present));
    }

    /** Whether nothing of ours is there. */
    static boolean absent(HomeId home, Map<String, XtablesSave.Table> present) {
        return owned(home, present).isEmpty();
    }

    /** Removes all that is ours; whether there was anything. */
    boolean remove(HomeId home) {
        applied = null;
        return clear(home, owned(home, look()));
    }

    /** The tables that our chains are in. */
    private static List<String> owned(HomeId home, Map<String, XtablesSave.Table> present) {
        return present.entrySet().stream()
                .filter(each -> each.getValue().policies().containsKey(XtablesTable.owner(home)))
                .map(Map.Entry::getKey)
                .sorted()
                .collect(Collectors.toCollection(ArrayList::new));
    }

    /** Chains of our names without our mark are somebody else's. */
    private void requireOwn(HomeId home, Map<String, XtablesSave.Table> present) {
        List<String> own = owned(home, present);
        present.forEach((name, table) -> {
            if (!own.contains(name) && !chains(home, table).isEmpty()) {
                String chain = chains(home, table).getFirst();
                throw new BangerException(
                        ErrorCode.ALREADY_EXISTS,
                        "there is a chain " + chain + " in the table " + name + " of " + tables.program()
                                + " that is not banger's; rename or delete it: " + tables.program() + " -t " + name
                                + " -E " + chain + " NEWNAME");
            }
        });
    }

    private static String prefix(HomeId home) {
        return home.prefix() + "-";
    }

    private static List<String> chains(HomeId home, XtablesSave.Table table) {
        return table.policies().keySet().stream()
                .filter(chain -> chain.startsWith(prefix(home)))
                .toList();
    }

    private static List<String> marks(HomeId home, XtablesSave.Table table) {
        return chains(home, table).stream()
                .filter(chain -> chain.startsWith(home.prefix() + MADE))
                .toList();
    }

    private static boolean isJump(HomeId home, XtablesSave.Line line) {
        return !line.chain().startsWith(prefix(home)) && line.text().contains(" -j " + prefix(home));
    }

    /** All that is ours, without counts. */
    private static String listing(HomeId home, Map<String, XtablesSave.Table> present) {
        StringBuilder listing = new StringBuilder();
        for (Map.Entry<String, XtablesSave.Table> each : new TreeMap<>(present).entrySet()) {
            String name = each.getKey();
            XtablesSave.Table table = each.getValue();
            new TreeSet<>(chains(home, table))
                    .forEach(chain ->
                            listing.append(name).append(" :").append(chain).append('\n'));
            for (XtablesSave.Line line : table.lines()) {
                boolean jump = isJump(home, line);
                if (jump || line.chain().startsWith(prefix(home))) {
                    listing.append(name).append(' ').append(line.text());
                    listing.append(jump && !isAtTop(table, line) ? " (not at the top)\n" : "\n");
                }
            }
        }
        return listing.toString();
    }

    /** Whether there is nobody else's rule before it. */
    private static boolean isAtTop(XtablesSave.Table table, XtablesSave.Line wanted) {
        return table.lines(wanted.chain()).stream()
                .takeWhile(line -> !line.equals(wanted))
                .allMatch(line -> line.text().matches(BANGERS));
    }

    private static boolean jumpHolds(HomeId home, XtablesSave.Table table, String from, String rule) {
        List<XtablesSave.Line> jumps =
                table.lines(from).stream().filter(line -> isJump(home, line)).toList();
        return jumps.size() == 1
                && jumps.getFirst().text().equals("-A " + from + " " + rule)
                && isAtTop(table, jumps.getFirst());
    }

    private static boolean isThere(HomeId home, XtablesTable wanted, XtablesSave.Table present) {
        return wanted.chains().entrySet().stream()
                        .allMatch(each -> present.lines(each.getKey()).size()
                                == each.getValue().size())
                && wanted.jumps().entrySet().stream()
                        .allMatch(each -> jumpHolds(home, present, each.getKey(), each.getValue()));
    }

    private String replacement(
            HomeId home, XtablesTable wanted, Optional<XtablesSave.Table> there, Set<String> builtIn) {
        XtablesSave.Table present = there.orElse(XtablesSave.Table.NONE);
        Set<String> stale = new LinkedHashSet<>(chains(home, present));
        marks(home, present).forEach(stale::remove);
        stale.removeAll(wanted.chains().keySet());
        StringBuilder commands = new StringBuilder("*" + wanted.name() + "\n");
        declare(commands, XtablesTable.owner(home));
        if (there.isEmpty() && tables.keepsNothing()) {
            declare(commands, home.prefix() + MADE);
        } else if (there.isPresent() && tables.seesBuiltIn()) {
            wanted.jumps().keySet().stream()
                    .filter(chain -> !builtIn.contains(chain))
                    .forEach(chain -> declare(commands, home.prefix() + MADE + "-" + chain));
        }
        stale.forEach(chain -> declare(commands, chain));
        wanted.chains().keySet().forEach(chain -> declare(commands, chain));
        deleteJumps(
                commands,
                home,
                present,
                line -> !line.text()
                                .equals("-A " + line.chain() + " "
                                        + wanted.jumps().get(line.chain()))
                        || !jumpHolds(
                                home, present, line.chain(), wanted.jumps().getOrDefault(line.chain(), "")));
        wanted.jumps().forEach((from, rule) -> {
            if (!jumpHolds(home, present, from, rule)) {
                commands.append("-I " + from + " 1 " + rule + "\n");
            }
        });
        wanted.chains()
                .forEach((chain, rules) -> rules.forEach(
                        rule -> commands.append(tables.counts() ? count(present, "-A " + chain + " " + rule) : "")
                                .append("-A " + chain + " " + rule + "\n")));
        stale.forEach(chain -> commands.append("-X " + chain + "\n"));
        return commands.append(tables.commit()).toString();
    }

    private void declare(StringBuilder commands, String chain) {
        commands.append(tables.declaration(chain));
    }

    private static void deleteJumps(
            StringBuilder commands, HomeId home, XtablesSave.Table present, Predicate<XtablesSave.Line> which) {
        present.lines().stream()
                .filter(line -> isJump(home, line))
                .filter(which)
                .forEach(line -> commands.append("-D" + line.text().substring(2) + "\n"));
    }

    /** A rule that stays goes on counting. */
    private static String count(XtablesSave.Table present, String rule) {
        return present.lines().stream()
                .filter(line -> line.unquoted().equals(rule))
                .findFirst()
                .map(line -> "[" + line.packets() + ":" + line.bytes() + "] ")
                .orElse("");
    }

    /** The marks go last: whoever is killed in between leaves what the next look finds. */
    private boolean clear(HomeId home, List<String> names) {
        if (names.isEmpty()) {
            return false;
        }
        Map<String, XtablesSave.Table> present = look();
        StringBuilder commands = new StringBuilder();
        names.forEach(name -> commands.append(deletion(home, name, present.get(name))));
        tables.restore(commands.toString());
        Map<String, XtablesSave.Table> left = look();
        for (String name : names) {
            removeMarks(home, name, left.getOrDefault(name, XtablesSave.Table.NONE));
        }
        return true;
    }

    private String deletion(HomeId home, String name, XtablesSave.@Nullable Table table) {
        if (table == null) {
            return "";
        }
        List<String> chains = new ArrayList<>(chains(home, table));
        chains.removeAll(marks(home, table));
        StringBuilder commands = new StringBuilder("*" + name + "\n");
        chains.forEach(chain -> declare(commands, chain));
        deleteJumps(commands, home, table, line -> true);
        chains.forEach(chain -> commands.append("-X " + chain + "\n"));
        return commands.append(tables.commit()).toString();
    }

    private void removeMarks(HomeId home, String name, XtablesSave.Table table) {
        List<String> marks = marks(home, table);
        Set<String> others = new LinkedHashSet<>(table.policies().keySet());
        marks.forEach(others::remove);
        others.remove(XtablesTable.owner(home));
        boolean unused = table.lines().isEmpty()
                && others.stream()
                        .allMatch(chain -> "ACCEPT".equals(table.policies().get(chain)))
                && others.stream().allMatch(chain -> chain.matches("[A-Z]+"));
        if (marks.contains(home.prefix() + MADE) && unused) {
            tables.delete(name);
            return;
        }
        StringBuilder commands = new StringBuilder("*" + name + "\n-X " + XtablesTable.owner(home) + "\n");
        for (String mark : marks) {
            commands.append("-X " + mark + "\n");
            String chain = mark.substring(Math.min(mark.length(), home.prefix().length() + MADE.length() + 1));
            if ("ACCEPT".equals(table.policies().get(chain))
                    && table.lines(chain).isEmpty()) {
                commands.append("-X " + chain + "\n");
            }
        }
        tables.restore(commands.append(tables.commit()).toString());
    }
}
