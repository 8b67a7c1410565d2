package dev.banger.config;

import java.util.List;
import java.util.Map;

/**
 * A value in a file and where it stands.
 *
 * @param value String, Long, Boolean, a List or Map of nodes, or what else the format has
 * @param line from 1
 * @param column from 1
 */
record Node(Object value, int line, int column) {
    /** What it is, for messages. */
    String shown() {
        return switch (value) {
            case String text -> "\"" + (text.length() > 60 ? text.substring(0, 60) + "..." : text) + "\"";
            case List<?> list -> "a list";
            case Map<?, ?> table -> "a table";
            default -> value.toString();
        };
    }

    /** The entries of a table, in their order; empty where it is none. */
    @SuppressWarnings("unchecked")
    Map<String, Node> entries() {
        return value instanceof Map<?, ?> map ? (Map<String, Node>) map : Map.of();
    }

    @SuppressWarnings("unchecked")
    List<Node> elements() {
        return value instanceof List<?> list ? (List<Node>) list : List.of();
    }
}
