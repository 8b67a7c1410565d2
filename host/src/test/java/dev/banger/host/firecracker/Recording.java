package dev.banger.host.firecracker;

import dev.banger.host.firecracker.FirecrackerApi.Request;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** What a real Firecracker answered: {@code src/test/resources/firecracker/api.json}, as {@link FirecrackerTest} wrote it. */
record Recording(String version, List<Exchange> exchanges) {
    static final String FILE = "/firecracker/api.json";
    private static final JsonType<Object> JSON = Jsonb.builder().build().type(Object.class);

    /** @param answer as it came, empty where nothing came with the status */
    record Exchange(Request request, int status, String answer) {
        boolean accepted() {
            return status / 100 == 2;
        }

        /** Which request it is and of what make its body: the names of its members with the types of their values. */
        String shape() {
            return shapeOf(request);
        }
    }

    static String shapeOf(Request request) {
        return request.method() + " " + request.path() + " " + shape(request.body());
    }

    private static String shape(Object value) {
        return switch (value) {
            case Map<?, ?> map -> {
                Map<String, String> members = new TreeMap<>();
                map.forEach((name, member) -> members.put(String.valueOf(name), shape(member)));
                yield members.toString();
            }
            case List<?> list -> list.stream().map(Recording::shape).toList().toString();
            case String text -> "text";
            case Boolean flag -> "flag";
            case Number number -> "number";
            default -> throw new IllegalArgumentException("what is " + value);
        };
    }

    static Recording read() {
        try (InputStream in = Recording.class.getResourceAsStream(FILE)) {
            Map<?, ?> all = (Map<?, ?>) JSON.fromJson(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            return new Recording(
                    String.valueOf(all.get("version")),
                    ((List<?>) Objects.requireNonNull(all.get("exchanges")))
                            .stream().map(each -> exchange((Map<?, ?>) each)).toList());
        } catch (IOException e) {
            throw new AssertionError("cannot read " + FILE, e);
        }
    }

    static String text(Map<String, Object> object) {
        return JSON.toJson(object);
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(String json) {
        return (Map<String, Object>) JSON.fromJson(json);
    }

    @SuppressWarnings("unchecked")
    private static Exchange exchange(Map<?, ?> each) {
        return new Exchange(
                new Request(
                        String.valueOf(each.get("method")),
                        String.valueOf(each.get("path")),
                        each.get("body") instanceof Map<?, ?> body ? (Map<String, Object>) body : Map.of()),
                Integer.parseInt(String.valueOf(each.get("status"))),
                String.valueOf(each.get("answer")));
    }

    /** An exchange a line, so that a difference shows. */
    String json() {
        StringBuilder text = new StringBuilder("{\"version\":\"" + version + "\",\"exchanges\":[");
        for (Exchange exchange : exchanges) {
            Map<String, Object> each = new LinkedHashMap<>();
            each.put("method", exchange.request().method());
            each.put("path", exchange.request().path());
            if (!exchange.request().method().equals("GET")) {
                each.put("body", exchange.request().body());
            }
            each.put("status", exchange.status());
            each.put("answer", exchange.answer());
            text.append(text.toString().endsWith("[") ? "\n" : ",\n").append(JSON.toJson(each));
        }
        return text.append("\n]}\n").toString();
    }
}
