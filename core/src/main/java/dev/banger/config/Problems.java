package dev.banger.config;

import dev.banger.api.BangerException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** All that is wrong, so that it is told at once. Used by one thread. */
final class Problems {
    private record Problem(Path file, int line, int column, String message) {}

    private static final int MOST = 50;

    private final List<Problem> inFiles = new ArrayList<>();
    private final List<String> others = new ArrayList<>();

    void at(Path file, Node where, String message) {
        at(file, where.line(), where.column(), message);
    }

    void at(Path file, int line, int column, String message) {
        inFiles.add(new Problem(file, line, column, message));
    }

    /** Of a file as a whole, or of none. */
    void add(String message) {
        others.add(message);
    }

    /** Of a key that is not known: {@code known} are those there are. */
    void unknown(Path file, Node where, String what, String key, Collection<String> known) {
        String nearest = Spelling.nearest(key, known)
                .map(near -> "; did you mean " + near + "?")
                .orElse("; there are " + String.join(", ", known));
        at(file, where, "there is no " + what + " \"" + key + "\"" + nearest);
    }

    /** By file and line. What a file has in it may be told on a terminal, so it has no control characters any more. */
    List<String> all() {
        List<String> all = new ArrayList<>(others);
        inFiles.stream()
                .sorted(Comparator.comparing(Problem::file)
                        .thenComparingInt(Problem::line)
                        .thenComparingInt(Problem::column))
                .map(each -> each.file() + ":" + each.line() + ":" + each.column() + ": " + each.message())
                .distinct()
                .forEach(all::add);
        List<String> shown = new ArrayList<>(all.stream()
                .limit(MOST)
                .map(each -> each.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", "?"))
                .toList());
        if (all.size() > MOST) {
            shown.add("and " + (all.size() - MOST) + " more");
        }
        return shown;
    }

    /** Fails with all of them, if there are any. */
    void refuse() {
        List<String> all = all();
        if (all.size() == 1) {
            throw BangerException.invalid(all.getFirst());
        }
        if (!all.isEmpty()) {
            throw BangerException.invalid("the configuration has errors:\n  " + String.join("\n  ", all));
        }
    }
}
