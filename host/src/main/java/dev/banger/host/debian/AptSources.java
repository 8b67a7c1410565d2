package dev.banger.host.debian;

import dev.banger.host.linux.DiskFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads the sources a host's apt is configured with, in both of the formats of sources.list(5). */
final class AptSources {
    /** Options that say how a source is trusted; those that pick architectures or languages are not carried over. */
    private static final List<String> KEPT_OPTIONS = List.of(
            "Signed-By",
            "Trusted",
            "Check-Valid-Until",
            "Valid-Until-Max",
            "Check-Date",
            "Date-Max-Future",
            "By-Hash",
            "InRelease-Path");

    private static final Pattern LINE = Pattern.compile("deb\\s+(?:\\[([^\\]]*)\\]\\s*)?(\\S+)\\s+(\\S+)\\s*(.*)");

    private AptSources() {}

    /** All enabled sources of binary packages, in the order apt reads them. */
    static List<AptSource> read(Path etcApt) {
        List<AptSource> sources = new ArrayList<>();
        Path main = etcApt.resolve("sources.list");
        Path parts = etcApt.resolve("sources.list.d");
        try {
            if (Files.isRegularFile(main)) {
                sources.addAll(parseLines(Files.readString(main, StandardCharsets.UTF_8)));
            }
            if (Files.isDirectory(parts)) {
                try (Stream<Path> files = Files.list(parts)) {
                    for (Path file : files.sorted().toList()) {
                        sources.addAll(readPart(file));
                    }
                }
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot read apt's sources in " + etcApt, etcApt, e);
        }
        return sources;
    }

    private static List<AptSource> readPart(Path file) throws IOException {
        String name = file.toString();
        if (name.endsWith(".list")) {
            return parseLines(Files.readString(file, StandardCharsets.UTF_8));
        }
        if (name.endsWith(".sources")) {
            return parseStanzas(Files.readString(file, StandardCharsets.UTF_8));
        }
        return List.of();
    }

    static List<AptSource> parseLines(String text) {
        List<AptSource> sources = new ArrayList<>();
        for (String line : text.lines().toList()) {
            int comment = line.indexOf('#');
            Matcher matcher = LINE.matcher((comment < 0 ? line : line.substring(0, comment)).strip());
            if (matcher.matches()) {
                String options = matcher.group(1);
                sources.add(new AptSource(
                        List.of(matcher.group(2)),
                        List.of(matcher.group(3)),
                        words(matcher.group(4)),
                        lineOptions(options == null ? "" : options)));
            }
        }
        return sources;
    }

    private static Map<String, String> lineOptions(String text) {
        Map<String, String> options = new HashMap<>();
        for (String word : words(text)) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                // In a line a comma separates what spaces separate in a stanza.
                keep(
                        options,
                        word.substring(0, equals),
                        word.substring(equals + 1).replace(',', ' '));
            }
        }
        return options;
    }

    static List<AptSource> parseStanzas(String text) {
        List<AptSource> sources = new ArrayList<>();
        Map<String, String> fields = new HashMap<>();
        String last = "";
        for (String line : Stream.concat(text.lines(), Stream.of("")).toList()) {
            if (line.startsWith("#")) {
                continue;
            }
            if (line.isBlank()) {
                addStanza(fields, sources);
                fields.clear();
            } else if (Character.isWhitespace(line.charAt(0))) {
                fields.merge(last, "\n" + line, String::concat);
            } else if (line.indexOf(':') > 0) {
                last = line.substring(0, line.indexOf(':')).strip().toLowerCase(Locale.ROOT);
                fields.put(last, line.substring(line.indexOf(':') + 1).strip());
            }
        }
        return sources;
    }

    private static void addStanza(Map<String, String> fields, List<AptSource> sources) {
        boolean enabled = !List.of("no", "false", "0", "off", "without", "disable")
                .contains(fields.getOrDefault("enabled", "yes").toLowerCase(Locale.ROOT));
        if (!enabled || !words(fields.getOrDefault("types", "")).contains("deb")) {
            return;
        }
        Map<String, String> options = new HashMap<>();
        fields.forEach((name, value) -> keep(options, name, value));
        sources.add(new AptSource(
                words(fields.getOrDefault("uris", "")),
                words(fields.getOrDefault("suites", "")),
                words(fields.getOrDefault("components", "")),
                options));
    }

    private static void keep(Map<String, String> options, String name, String value) {
        KEPT_OPTIONS.stream()
                .filter(known -> known.equalsIgnoreCase(name))
                .findFirst()
                .ifPresent(known -> options.put(known, value));
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.strip().split("\\s+"))
                .filter(word -> !word.isEmpty())
                .toList();
    }
}
