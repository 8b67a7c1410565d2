package dev.banger.daemon;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** openapi.json, made from the table of routes and the records they speak of. Deterministic. */
final class OpenApi {
    private final Map<String, String> schemas = new TreeMap<>();
    private final Set<Type> requests = new HashSet<>();

    private OpenApi() {}

    static String document(List<Route> routes) {
        return new OpenApi().build(routes);
    }

    private String build(List<Route> routes) {
        Map<String, List<Route>> byPath =
                routes.stream().collect(Collectors.groupingBy(Route::path, LinkedHashMap::new, Collectors.toList()));
        routes.stream().map(Route::request).filter(Objects::nonNull).forEach(requests::add);
        schema(ErrorBody.class);
        String paths = byPath.entrySet().stream()
                .map(entry -> "    " + quoted(entry.getKey()) + ": {\n"
                        + entry.getValue().stream().map(this::operation).collect(Collectors.joining(",\n"))
                        + "\n    }")
                .collect(Collectors.joining(",\n"));
        String components = schemas.entrySet().stream()
                .map(entry -> "      " + quoted(entry.getKey()) + ": " + entry.getValue())
                .collect(Collectors.joining(",\n"));
        return "{\n  \"openapi\": \"3.1.0\",\n  \"info\": {\"title\": \"banger\", \"version\": \"1\", \"description\": "
                + "\"Linux virtual machines as sandboxes. Served on the daemon's Unix socket.\"},\n  \"paths\": {\n"
                + paths
                + "\n  },\n  \"components\": {\n    \"schemas\": {\n" + components + "\n    }\n  }\n}";
    }

    private String operation(Route route) {
        List<String> parts = new ArrayList<>();
        parts.add("\"summary\": " + quoted(route.summary()));
        String parameters = Stream.concat(
                        route.parameters().stream().map(name -> parameter(name, "path", true)),
                        route.query().stream().map(name -> parameter(name, "query", false)))
                .collect(Collectors.joining(", "));
        if (!parameters.isEmpty()) {
            parts.add("\"parameters\": [" + parameters + "]");
        }
        if (route.request() != null) {
            parts.add("\"requestBody\": {\"required\": true, \"content\": " + content(route.request()) + "}");
        }
        String success = "\"" + route.status() + "\": {\"description\": \"done\""
                + (route.response() == null ? "" : ", \"content\": " + content(route.response())) + "}";
        parts.add("\"responses\": {" + success + ", \"default\": {\"description\": \"failed\", \"content\": "
                + content(ErrorBody.class) + "}}");
        return "      " + quoted(route.method().toLowerCase(Locale.ROOT)) + ": {" + String.join(", ", parts) + "}";
    }

    private static String parameter(String name, String in, boolean required) {
        return "{\"name\": " + quoted(name) + ", \"in\": " + quoted(in) + ", \"required\": " + required
                + ", \"schema\": {\"type\": \"string\"}}";
    }

    private String content(Type type) {
        return "{\"application/json\": {\"schema\": " + schema(type) + "}}";
    }

    private String schema(Type type) {
        if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
            return "{\"type\": \"array\", \"items\": " + schema(list.getActualTypeArguments()[0]) + "}";
        }
        if (type instanceof ParameterizedType map && map.getRawType() == Map.class) {
            return "{\"type\": \"object\", \"additionalProperties\": " + schema(map.getActualTypeArguments()[1]) + "}";
        }
        if (!(type instanceof Class<?> plain)) {
            throw new IllegalArgumentException("no schema for " + type);
        }
        if (plain == String.class) {
            return "{\"type\": \"string\"}";
        }
        if (plain == Instant.class) {
            return "{\"type\": \"string\", \"format\": \"date-time\"}";
        }
        if (plain == boolean.class || plain == Boolean.class) {
            return "{\"type\": \"boolean\"}";
        }
        if (plain == double.class) {
            return "{\"type\": \"number\"}";
        }
        if (plain == int.class || plain == long.class || plain == Integer.class || plain == Long.class) {
            return "{\"type\": \"integer\"}";
        }
        if (plain.isEnum()) {
            String values = Stream.of(plain.getEnumConstants())
                    .map(value -> quoted(value.toString()))
                    .collect(Collectors.joining(", "));
            return "{\"type\": \"string\", \"enum\": [" + values + "]}";
        }
        if (plain.isRecord()) {
            return reference(plain);
        }
        throw new IllegalArgumentException("no schema for " + type);
    }

    private String reference(Class<?> type) {
        String name = type.getSimpleName();
        if (!schemas.containsKey(name)) {
            schemas.put(name, "");
            String properties = Stream.of(type.getRecordComponents())
                    .map(component -> quoted(component.getName()) + ": " + schema(component.getGenericType()))
                    .collect(Collectors.joining(", "));
            String required = Stream.of(type.getRecordComponents())
                    .filter(component -> !requests.contains(type)
                            && !isNullable(component)) // whatever a request leaves out has its default
                    .map(component -> quoted(component.getName()))
                    .collect(Collectors.joining(", "));
            schemas.put(
                    name,
                    "{\"type\": \"object\", \"properties\": {" + properties + "}, \"required\": [" + required + "]}");
        }
        return "{\"$ref\": \"#/components/schemas/" + name + "\"}";
    }

    private static boolean isNullable(RecordComponent component) {
        return component.getAnnotatedType().isAnnotationPresent(Nullable.class);
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
