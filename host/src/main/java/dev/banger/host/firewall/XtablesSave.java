package dev.banger.host.firewall;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code iptables-save -c} and {@code ebtables-save -c} print. */
final class XtablesSave {
    private static final Pattern CHAIN = Pattern.compile(":(\\S+) (\\S+)( .*)?");
    private static final Pattern RULE = Pattern.compile("(?:\\[(\\d+):(\\d+)] )?(-A (\\S+)( .*)?)");

    /**
     * A rule.
     *
     * @param text from {@code -A CHAIN} on, as it was printed
     */
    record Line(String chain, String text, long packets, long bytes) {
        /** Releases differ in which words they quote. */
        String unquoted() {
            return text.replace("\"", "");
        }

        boolean dropsAll() {
            return XtablesPassage.dropsAll(text);
        }
    }

    /**
     * A table.
     *
     * @param policies by chain; of a chain that is not built in, {@code -} or what ebtables has there
     */
    record Table(Map<String, String> policies, List<Line> lines) {
        static final Table NONE = new Table(Map.of(), List.of());

        List<Line> lines(String chain) {
            return lines.stream().filter(line -> line.chain().equals(chain)).toList();
        }

        boolean drops(String chain) {
            return "DROP".equals(policies.get(chain)) || lines(chain).stream().anyMatch(Line::dropsAll);
        }
    }

    private XtablesSave() {}

    /** The tables by name. */
    static Map<String, Table> parse(String printed) {
        Map<String, Table> tables = new HashMap<>();
        Table table = new Table(new LinkedHashMap<>(), new ArrayList<>());
        for (String each : printed.lines().toList()) {
            Matcher chain = CHAIN.matcher(each);
            Matcher rule = RULE.matcher(each);
            if (each.startsWith("*")) {
                table = new Table(new LinkedHashMap<>(), new ArrayList<>());
                tables.put(each.substring(1), table);
            } else if (chain.matches()) {
                table.policies().put(chain.group(1), chain.group(2));
            } else if (rule.matches()) {
                table.lines().add(new Line(rule.group(4), rule.group(3), number(rule.group(1)), number(rule.group(2))));
            }
        }
        return tables;
    }

    private static long number(String digits) {
        return digits == null ? 0 : Long.parseLong(digits);
    }
}
