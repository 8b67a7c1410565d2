package dev.banger.host.firewall;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What nft lists of a table, in a form that can be compared: without counts, handles and the order within sets. */
final class NftListing {
    private static final Set<String> VOLATILE = Set.of("handle", "packets", "bytes", "metainfo");

    private NftListing() {}

    static String comparable(List<Map<?, ?>> objects) {
        return String.valueOf(normal(objects));
    }

    private static Object normal(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            TreeMap<String, Object> kept = new TreeMap<>();
            map.forEach((key, each) -> {
                String name = String.valueOf(key);
                if (!VOLATILE.contains(name)) {
                    kept.put(name, name.equals("set") || name.equals("elem") ? sorted(each) : normal(each));
                }
            });
            return kept;
        }
        if (value instanceof List<?> list) {
            List<Object> all = new ArrayList<>();
            list.forEach(each -> all.add(normal(each)));
            return all;
        }
        return String.valueOf(value);
    }

    private static Object sorted(@Nullable Object value) {
        return value instanceof List<?> list
                ? list.stream()
                        .map(each -> String.valueOf(normal(each)))
                        .sorted()
                        .toList()
                : normal(value);
    }

    static boolean hasChain(List<Map<?, ?>> objects, String name) {
        return objects.stream()
                .map(each -> Nft.object(each.get("chain")))
                .anyMatch(chain -> Nft.string(chain, "name").equals(name));
    }

    /** How many rules a listing has. */
    static long ruleCount(List<Map<?, ?>> objects) {
        return objects.stream().filter(each -> each.containsKey("rule")).count();
    }

    /** The named counters of a listing. */
    static Map<String, NftRuleset.Count> counters(List<Map<?, ?>> objects) {
        Map<String, NftRuleset.Count> counters = new HashMap<>();
        for (Map<?, ?> each : objects) {
            Map<?, ?> counter = Nft.object(each.get("counter"));
            if (!counter.isEmpty()) {
                counters.put(
                        Nft.string(counter, "name"),
                        new NftRuleset.Count(number(counter, "packets"), number(counter, "bytes")));
            }
        }
        return counters;
    }

    private static long number(Map<?, ?> map, String key) {
        return map.get(key) instanceof Number number ? number.longValue() : 0;
    }
}
