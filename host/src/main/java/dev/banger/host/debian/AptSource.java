package dev.banger.host.debian;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A place that apt gets packages from: one stanza of a deb822 file or one line of a sources.list, see sources.list(5).
 *
 * @param options Signed-By and the like, by their deb822 names; Signed-By may hold a key itself, of several lines
 */
record AptSource(List<String> uris, List<String> suites, List<String> components, Map<String, String> options) {
    AptSource {
        uris = List.copyOf(uris);
        suites = List.copyOf(suites);
        components = List.copyOf(components);
        options = Map.copyOf(options);
    }

    /** As a stanza, for binary packages of {@code main}. */
    String stanza() {
        String more = new TreeMap<>(options)
                .entrySet().stream()
                        .map(option -> option.getKey() + ": " + option.getValue() + "\n")
                        .collect(Collectors.joining());
        return "Types: deb\nURIs: " + String.join(" ", uris) + "\nSuites: " + String.join(" ", suites)
                + "\nComponents: main\n" + more;
    }
}
