package dev.banger.host.http;

/** How deeply a JSON document is nested; parsers descend on the stack. */
public final class JsonDepth {
    private JsonDepth() {}

    /** Whether objects and lists are nested more than {@code most} deep, as far as a parser would come. */
    public static boolean exceeds(byte[] json, int most) {
        int depth = 0;
        boolean quoted = false;
        for (int at = 0; at < json.length; at++) {
            byte each = json[at];
            if (quoted) {
                at += each == '\\' ? 1 : 0;
                quoted = each != '"';
            } else if (each == '"') {
                quoted = true;
            } else if (each == '{' || each == '[') {
                if (++depth > most) {
                    return true;
                }
            } else if (each == '}' || each == ']') {
                depth--;
            }
        }
        return false;
    }
}
