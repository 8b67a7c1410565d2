package dev.banger.cli;

/** Makes bytes of a guest harmless for a terminal: no escape sequence survives. */
final class Neutral {
    private Neutral() {}

    /** Without control characters, tabs excepted. */
    static String line(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().filter(c -> c == '\t' || !Character.isISOControl(c)).forEach(out::appendCodePoint);
        return out.toString();
    }

    /** Without control characters, tabs and newlines excepted. */
    static String text(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.chars()
                .filter(c -> c == '\t' || c == '\n' || !Character.isISOControl(c))
                .forEach(c -> out.append((char) c));
        return out.toString();
    }
}
