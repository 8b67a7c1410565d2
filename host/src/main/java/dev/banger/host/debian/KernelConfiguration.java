package dev.banger.host.debian;

import dev.banger.api.BangerException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a kernel is to have, in the words of a .config (Linux, Documentation/kbuild/kconfig.rst). {@code n} stands for what is not
 * set.
 */
final class KernelConfiguration {
    private static final Pattern LINE =
            Pattern.compile("(?:CONFIG_([A-Za-z0-9_]+)=(.+)|# CONFIG_([A-Za-z0-9_]+) is not set)");
    private static final Pattern SYMBOL = Pattern.compile("\\s*(?:menu)?config\\s+([A-Za-z0-9_]+)\\s*");

    private final Map<String, String> values = new LinkedHashMap<>();

    private KernelConfiguration() {}

    /** The one for sandboxes that banger brings. */
    static KernelConfiguration sandbox() {
        try (InputStream in = KernelConfiguration.class.getResourceAsStream("sandbox.config")) {
            if (in == null) {
                throw new IllegalStateException("sandbox.config is missing in banger's own files");
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), "sandbox.config");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@code name} is what messages call the text. */
    static KernelConfiguration parse(String text, String name) {
        KernelConfiguration configuration = new KernelConfiguration();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            Matcher matcher = LINE.matcher(line.strip());
            if (matcher.matches()) {
                String off = matcher.group(3);
                configuration.values.put(off == null ? matcher.group(1) : off, off == null ? matcher.group(2) : "n");
            } else if (!line.isBlank() && !line.startsWith("#")) {
                throw BangerException.invalid(name + ":" + number
                        + ": a line of a kernel's configuration is CONFIG_NAME=VALUE or \"# CONFIG_NAME is not set\", not \""
                        + line.strip() + "\"");
            }
        }
        return configuration;
    }

    /** This one, changed by another one. */
    KernelConfiguration with(KernelConfiguration changes) {
        KernelConfiguration both = new KernelConfiguration();
        both.values.putAll(values);
        both.values.putAll(changes.values);
        return both;
    }

    /** As a file that kconfig reads. */
    String text() {
        StringBuilder text = new StringBuilder();
        values.forEach((name, value) -> text.append(
                value.equals("n") ? "# CONFIG_" + name + " is not set\n" : "CONFIG_" + name + "=" + value + "\n"));
        return text.toString();
    }

    Set<String> names() {
        return Set.copyOf(values.keySet());
    }

    /** What of this is otherwise in the .config that the kernel made of it, as far as the kernel knows it at all. */
    List<String> refusedBy(KernelConfiguration made, Set<String> known) {
        return values.entrySet().stream()
                .filter(each -> known.contains(each.getKey()))
                .filter(each -> !each.getValue().equals(made.values.getOrDefault(each.getKey(), "n")))
                .map(each -> "CONFIG_" + each.getKey() + "=" + each.getValue() + " (it is "
                        + made.values.getOrDefault(each.getKey(), "n") + ")")
                .toList();
    }

    /** The names that the Kconfig files of a source know. */
    static Set<String> known(Path source) throws IOException {
        Set<String> known = new HashSet<>();
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.filter(each ->
                            String.valueOf(each.getFileName()).startsWith("Kconfig") && Files.isRegularFile(each))
                    .toList()) {
                for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                    Matcher symbol = SYMBOL.matcher(line);
                    if (symbol.matches()) {
                        known.add(symbol.group(1));
                    }
                }
            }
        }
        return known;
    }
}
