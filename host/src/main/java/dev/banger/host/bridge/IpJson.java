package dev.banger.host.bridge;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.network.Cidr;
import dev.banger.network.Ipv4Address;
import dev.banger.network.Route;
import io.avaje.json.JsonException;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads what {@code ip -json} prints. */
final class IpJson {
    private static final JsonType<Object> JSON = Jsonb.builder().build().type(Object.class);

    private static final Set<String> TABLES = Set.of("local", "main", "default");

    private IpJson() {}

    /** Of {@code ip -4 -json route show}; of a route with several next hops, one for each. */
    static List<Route> routes(String text) {
        List<Route> routes = new ArrayList<>();
        for (Map<?, ?> entry : objects(text)) {
            String destination = string(entry, "dst");
            if (destination.isEmpty()) {
                continue;
            }
            List<?> hops = list(entry.get("nexthops"));
            if (hops.isEmpty()) {
                routes.add(route(entry, entry));
            }
            hops.forEach(hop -> routes.add(route(entry, object(hop))));
        }
        return routes;
    }

    /** Of {@code ip -json rule show}: whether other tables than those of any host are looked up. */
    static boolean hasPolicies(String text) {
        return objects(text).stream().anyMatch(rule -> !TABLES.contains(string(rule, "table")));
    }

    private static Route route(Map<?, ?> entry, Map<?, ?> hop) {
        String type = string(entry, "type");
        String destination = string(entry, "dst");
        return new Route(
                type.isEmpty() ? "unicast" : type,
                destination.equals("default") ? new Cidr(new Ipv4Address(0), 0) : Cidr.of(destination),
                string(hop, "dev"),
                number(entry, "metric"),
                list(hop.get("flags")).stream().map(String::valueOf).toList());
    }

    private static List<Map<?, ?>> objects(String text) {
        if (text.isBlank()) {
            return List.of(); // iproute2 prints nothing at all where there is nothing
        }
        try {
            List<Map<?, ?>> objects = new ArrayList<>();
            list(JSON.fromJson(text)).forEach(each -> objects.add(object(each)));
            return objects;
        } catch (JsonException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "ip printed what is no JSON", text, e);
        }
    }

    private static Map<?, ?> object(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static List<?> list(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    private static String string(Map<?, ?> map, String key) {
        return map.get(key) instanceof String text ? text : "";
    }

    private static long number(Map<?, ?> map, String key) {
        return map.get(key) instanceof Number number ? number.longValue() : 0;
    }
}
