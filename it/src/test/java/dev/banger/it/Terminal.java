package dev.banger.it;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Runs a program on a pseudo terminal, by {@code script} of util-linux. */
final class Terminal {
    private Terminal() {}

    /** What the program prints on its terminal is this call's stdout, and what the test writes is typed; {@code open} it. */
    static Call of(Banger banger, String before, List<String> words, String after) {
        String command = words.stream().map(Terminal::quoted).collect(Collectors.joining(" "));
        return new Call(
                List.of("script", "-qefc", before + quoted(banger.program()) + " " + command + after, "/dev/null"),
                terminal(banger.environment()));
    }

    private static Map<String, String> terminal(Map<String, String> environment) {
        Map<String, String> with = new java.util.HashMap<>(environment);
        with.put("TERM", "xterm");
        with.put("SHELL", "/bin/sh");
        return with;
    }

    static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
