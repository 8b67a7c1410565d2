package dev.banger.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;
import org.tomlj.TomlVersion;

/** TOML as {@link Node}s. The one user of its parser. */
final class TomlText {
    private TomlText() {}

    /** What of the text can be read; what cannot is a problem. */
    static Node parse(Path file, String text, Problems problems) {
        try {
            TomlParseResult result = Toml.parse(text, TomlVersion.V1_0_0);
            result.errors()
                    .forEach(error -> problems.at(
                            file,
                            error.position().line(),
                            error.position().column(),
                            String.valueOf(error.getMessage())));
            return new Node(table(result), 1, 1);
        } catch (StackOverflowError e) { // the parser calls itself for each level, and has no limit of its own
            problems.add(file + " is nested too deeply to be read");
            return new Node(Map.of(), 1, 1);
        }
    }

    private static Map<String, Node> table(TomlTable table) {
        Map<String, Node> entries = new LinkedHashMap<>();
        for (String key : table.keySet()) {
            Object value = table.get(List.of(key));
            TomlPosition at = table.inputPositionOf(List.of(key));
            if (value != null) {
                entries.put(key, node(value, at == null ? TomlPosition.positionAt(1, 1) : at));
            }
        }
        return entries;
    }

    private static Node node(Object value, TomlPosition at) {
        Object plain = value instanceof TomlTable table ? table(table) : value;
        if (value instanceof TomlArray array) {
            List<Node> elements = new ArrayList<>();
            for (int i = 0; i < array.size(); i++) {
                elements.add(node(array.get(i), array.inputPositionOf(i)));
            }
            plain = elements;
        }
        return new Node(plain, at.line(), at.column());
    }
}
