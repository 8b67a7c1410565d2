package dev.banger.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * JSON (RFC 8259) as {@link Node}s: a value stands where its key does, as in TOML. Reads up to the first thing that is wrong. The
 * parser that banger uses elsewhere does not say where a value stands.
 */
final class JsonText {
    private static final int DEEPEST = 20;

    private final String text;
    private final int[] lineStarts;
    private int at;
    private int depth;

    private JsonText(String text) {
        this.text = text;
        lineStarts = IntStream.concat(
                        IntStream.of(0),
                        IntStream.range(0, text.length())
                                .filter(i -> text.charAt(i) == '\n')
                                .map(i -> i + 1))
                .toArray();
    }

    /** What was expected, and where. */
    static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final int line;
        private final int column;

        Malformed(String message, int line, int column) {
            super(message);
            this.line = line;
            this.column = column;
        }

        int line() {
            return line;
        }

        int column() {
            return column;
        }
    }

    static Node parse(String text) {
        JsonText json = new JsonText(text);
        Node node = json.value(0);
        json.space();
        if (json.at < text.length()) {
            throw json.expected("nothing more");
        }
        return node;
    }

    private Node value(int keyAt) {
        space();
        int begin = depth == 0 ? at : keyAt;
        if (++depth > DEEPEST) {
            throw expected("no deeper nesting");
        }
        Object value = switch (peek()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            default -> word();
        };
        depth--;
        return node(value, begin);
    }

    private Map<String, Node> object() {
        Map<String, Node> entries = new LinkedHashMap<>();
        at++;
        space();
        if (peek() == '}') {
            at++;
            return entries;
        }
        while (true) {
            space();
            int begin = at;
            if (peek() != '"') {
                throw expected("a key in quotes");
            }
            String key = string();
            if (entries.containsKey(key)) {
                at = begin;
                throw expected("another key: \"" + key + "\" is there already");
            }
            take(':');
            entries.put(key, value(begin));
            if (ends('}')) {
                return entries;
            }
        }
    }

    private List<Node> array() {
        List<Node> elements = new ArrayList<>();
        at++;
        space();
        if (peek() == ']') {
            at++;
            return elements;
        }
        while (true) {
            space();
            elements.add(value(at));
            if (ends(']')) {
                return elements;
            }
        }
    }

    private boolean ends(char closing) {
        space();
        if (peek() == ',') {
            at++;
            return false;
        }
        if (peek() != closing) {
            throw expected("\",\" or \"" + closing + "\"");
        }
        at++;
        return true;
    }

    private String string() {
        StringBuilder string = new StringBuilder();
        at++;
        while (true) {
            char c = peek();
            if (c < ' ') {
                throw expected("the end of a text in quotes");
            }
            at++;
            if (c == '"') {
                return string.toString();
            }
            string.append(c == '\\' ? escaped() : c);
        }
    }

    private char escaped() {
        char c = peek();
        at++;
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                String digits = text.substring(at, Math.min(at + 4, text.length()));
                if (!digits.matches("[0-9a-fA-F]{4}")) {
                    throw expected("four hex digits");
                }
                at += 4;
                yield (char) Integer.parseInt(digits, 16);
            }
            default -> {
                at--;
                throw expected("an escape such as \\n");
            }
        };
    }

    /** A number or one of the three words. */
    private Object word() {
        int begin = at;
        while (at < text.length() && "+-.0123456789aeflnrstuE".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String word = text.substring(begin, at);
        if (word.equals("true") || word.equals("false")) {
            return word.equals("true");
        }
        if (word.equals("null")) {
            return "null".toCharArray(); // no key can have it
        }
        if (word.matches("-?(0|[1-9][0-9]{0,17})")) {
            return Long.valueOf(word);
        }
        if (word.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) {
            return Double.valueOf(word);
        }
        at = begin;
        throw expected("a value");
    }

    private void take(char wanted) {
        space();
        if (peek() != wanted) {
            throw expected("\"" + wanted + "\"");
        }
        at++;
    }

    /** At the end a character that nothing begins with. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private Node node(Object value, int position) {
        return new Node(value, line(position), column(position));
    }

    private int line(int position) {
        int found = Arrays.binarySearch(lineStarts, position);
        return found >= 0 ? found + 1 : -found - 1;
    }

    private int column(int position) {
        return position - lineStarts[line(position) - 1] + 1;
    }

    private Malformed expected(String what) {
        String found = at < text.length() ? "\"" + text.charAt(at) + "\"" : "the end";
        return new Malformed("expected " + what + ", found " + found, line(at), column(at));
    }
}
