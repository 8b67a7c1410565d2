package dev.banger.cli;

import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a command prints: text, tables, JSON on stdout; errors and progress on stderr. Thread-safe. */
final class Output {
    private static final Jsonb JSON =
            Jsonb.builder().serializeNulls(true).serializeEmpty(true).build();

    private final Console console;
    private final PrintWriter writer;
    private final PrintWriter errorWriter;

    Output(Console console) {
        this.console = console;
        writer = writer(console.stdout());
        errorWriter = writer(console.stderr());
    }

    private static PrintWriter writer(OutputStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), false);
    }

    PrintWriter writer() {
        return writer;
    }

    PrintWriter errorWriter() {
        return errorWriter;
    }

    /** Whether colours and cursor movement may be used on stderr. */
    boolean colours() {
        String noColor = console.environment().getOrDefault("NO_COLOR", "");
        return console.stderrIsTerminal()
                && noColor.isEmpty()
                && !console.environment().getOrDefault("TERM", "dumb").equals("dumb");
    }

    void line(String text) {
        writer.println(text);
    }

    /** Something the user should know, on stderr. */
    synchronized void notice(String text) {
        errorWriter.println("banger: " + text);
        errorWriter.flush();
    }

    /** Why the command failed, on stderr. */
    synchronized void error(String text) {
        flush();
        String prefix = colours() ? "\u001b[31mbanger:\u001b[0m " : "banger: ";
        errorWriter.println(prefix + text);
        errorWriter.flush();
    }

    /** What stands behind an error, indented. */
    synchronized void errorDetail(String text) {
        text.lines().forEach(line -> errorWriter.println("  | " + Neutral.line(line)));
        errorWriter.flush();
    }

    /** What a script in a guest wrote, indented, on stderr. */
    synchronized void outputLine(String text) {
        errorWriter.println("  | " + Neutral.line(text));
        errorWriter.flush();
    }

    /** Writes to stderr as it is: for progress. */
    synchronized void raw(String text) {
        errorWriter.print(text);
        errorWriter.flush();
    }

    void json(Type type, Object value) {
        writer.println(jsonText(type, value));
    }

    static String jsonText(Type type, Object value) {
        return JSON.type(type).toJsonPretty(value);
    }

    /** A table with a line of headings; columns as wide as they need. */
    void table(List<String> headings, List<List<String>> rows) {
        List<Integer> widths = new ArrayList<>();
        for (int column = 0; column < headings.size(); column++) {
            int width = headings.get(column).length();
            for (List<String> row : rows) {
                width = Math.max(width, row.get(column).length());
            }
            widths.add(width);
        }
        row(headings, widths);
        rows.forEach(row -> row(row, widths));
    }

    private void row(List<String> cells, List<Integer> widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < cells.size(); column++) {
            String cell = cells.get(column);
            line.append(cell);
            if (column < cells.size() - 1) {
                line.append(" ".repeat(widths.get(column) - cell.length() + 2));
            }
        }
        writer.println(line);
    }

    /** Name and value, a line each. */
    void facts(List<List<String>> facts) {
        int width =
                facts.stream().mapToInt(fact -> fact.getFirst().length()).max().orElse(0);
        for (List<String> fact : facts) {
            writer.println(fact.getFirst() + " ".repeat(width - fact.getFirst().length() + 2) + fact.get(1));
        }
    }

    /** Sends what was printed. */
    void flush() {
        writer.flush();
        errorWriter.flush();
        try {
            console.stdout().flush();
        } catch (IOException e) {
            return; // the client went away: there is nobody to tell
        }
    }
}
