package dev.banger.config;

import dev.banger.config.Settings.Setting;
import dev.banger.config.Settings.Source;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the configuration file. */
final class ConfigFile {
    private static final int LARGEST = 256 * 1024;

    private ConfigFile() {}

    /** What is right in it; what is wrong is a problem. One that is not there says nothing. */
    static Settings read(Path file, Problems problems) {
        Map<Key, Setting> values = new EnumMap<>(Key.class);
        Node root = text(file, problems)
                .map(text -> TomlText.parse(file, text, problems))
                .orElse(new Node(Map.of(), 1, 1));
        root.entries().forEach((table, node) -> {
            if (!Key.tables().contains(table)) {
                unknownTable(file, node, table, problems);
            } else if (!(node.value() instanceof Map)) {
                problems.at(file, node, table + " is a table, [" + table + "], not " + node.shown());
            } else {
                node.entries().forEach((id, value) -> entry(file, table, id, value, values, problems));
            }
        });
        return new Settings(values);
    }

    private static void unknownTable(Path file, Node node, String name, Problems problems) {
        Optional<Key> inTable =
                Arrays.stream(Key.values()).filter(key -> key.id().equals(name)).findFirst();
        if (inTable.isPresent()) {
            problems.at(
                    file,
                    node,
                    name + " belongs into the table [" + inTable.get().table() + "]");
        } else {
            problems.unknown(file, node, node.value() instanceof Map ? "table" : "key", name, Key.tables());
        }
    }

    private static void entry(
            Path file, String table, String id, Node node, Map<Key, Setting> values, Problems problems) {
        Optional<Key> key = Key.of(table, id);
        if (key.isEmpty()) {
            problems.unknown(
                    file,
                    node,
                    "key in [" + table + "]",
                    id,
                    Key.in(table).stream().map(Key::id).toList());
            return;
        }
        text(key.get(), node)
                .ifPresentOrElse(
                        text -> values.put(key.get(), new Setting(text, Source.FILE, file + ":" + node.line())),
                        () -> wrong(file, key.get().path(), key.get(), node, problems));
    }

    /** The value as text, if it is one that the key can have. */
    static Optional<String> text(Key key, Node node) {
        if (key.kind() instanceof Kind.Words && node.value() instanceof List) {
            return words(node).filter(key.kind()::accepts);
        }
        boolean fits = node.value() instanceof String && !(key.kind() instanceof Kind.Whole)
                || node.value() instanceof Long && key.kind().isNumber();
        return fits ? Optional.of(node.value().toString()).filter(key.kind()::accepts) : Optional.empty();
    }

    private static Optional<String> words(Node list) {
        List<String> words = new ArrayList<>();
        for (Node element : list.elements()) {
            if (!(element.value() instanceof String word)
                    || Kind.Words.split(word).size() != 1) {
                return Optional.empty();
            }
            words.add(word);
        }
        return Optional.of(String.join(" ", words));
    }

    static void wrong(Path file, String name, Key key, Node node, Problems problems) {
        problems.at(file, node, name + " is " + key.is() + ", not " + node.shown());
    }

    /** The whole text; empty when the file is not there, or cannot be read, which is a problem. */
    static Optional<String> text(Path file, Problems problems, OpenOption... options) {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        if (!Files.isRegularFile(file)) { // a device or FIFO would be read for ever
            problems.add(file + " is no regular file");
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file, options)) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                problems.add(file + " is larger than " + LARGEST / 1024 + " KiB");
                return Optional.empty();
            }
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            problems.add(file + " is not UTF-8 text");
        } catch (IOException e) {
            problems.add("cannot read " + file + ": " + e);
        }
        return Optional.empty();
    }
}
