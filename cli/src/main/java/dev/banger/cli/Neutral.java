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

    /** Replaces control bytes other than newline and tab in place. @return how many bytes are left */
    static int bytes(byte[] buffer, int length) {
        int kept = 0;
        for (int i = 0; i < length; i++) {
            int c = Byte.toUnsignedInt(buffer[i]);
            boolean harmful = (c < 32 && c != '\n' && c != '\t') || c == 127;
            if (!harmful) {
                buffer[kept++] = buffer[i];
            }
        }
        return kept;
    }
}
