package dev.banger.daemon;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One entry of the REST API: what it matches, what it does, and what openapi.json says of it.
 *
 * @param path a template such as {@code /v1/vms/{vm}/start}
 * @param summary one sentence for people
 * @param query the query parameters it knows
 * @param request type of the JSON body; null: none
 * @param response type of the JSON answer; null: none
 * @param status of a success
 */
record Route(
        String method,
        String path,
        String summary,
        List<String> query,
        @Nullable Type request,
        @Nullable Type response,
        int status,
        Action action) {

    /** What a route does. @return the object to answer with, null for nothing */
    @FunctionalInterface
    interface Action {
        @Nullable
        Object run(Call call) throws Exception;
    }

    /** The parts of a path that {@code {names}} stand for, or empty if the path is another one. */
    Optional<Map<String, String>> match(String actual) {
        String[] wanted = path.split("/", -1);
        String[] given = actual.split("/", -1);
        if (wanted.length != given.length) {
            return Optional.empty();
        }
        Map<String, String> parts = new LinkedHashMap<>();
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i].startsWith("{")) {
                parts.put(wanted[i].substring(1, wanted[i].length() - 1), given[i]);
            } else if (!wanted[i].equals(given[i])) {
                return Optional.empty();
            }
        }
        return Optional.of(parts);
    }

    /** The names between braces. */
    List<String> parameters() {
        List<String> names = new ArrayList<>();
        for (String part : path.split("/", -1)) {
            if (part.startsWith("{")) {
                names.add(part.substring(1, part.length() - 1));
            }
        }
        return names;
    }
}
