package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.avaje.jsonb.Jsonb;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How a program ended.
 *
 * @param command what was run, for messages
 * @param status its exit status; 128+n for signal n
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Outcome(String command, int status, byte[] stdout, String stderr) {
    private static final Jsonb JSON = Jsonb.builder().build();

    String out() {
        return new String(stdout, StandardCharsets.UTF_8);
    }

    /** Standard output without the newline at its end. */
    String line() {
        return out().stripTrailing();
    }

    List<String> lines() {
        return out().lines().toList();
    }

    Outcome expect(int wanted) {
        assertThat(status).as(() -> "exit status of " + this).isEqualTo(wanted);
        return this;
    }

    /** banger itself failed: the documented status, nothing on stdout, one clear message and no trace of its insides. */
    Outcome refused(int wanted, String... parts) {
        expect(wanted);
        assertThat(out()).as("stdout of " + command).isEmpty();
        // Beside what takes long, which is told after two seconds.
        assertThat(stderr.lines().filter(line -> line.startsWith("banger: ") && !line.matches(".* \\([0-9.]+ s\\)")))
                .as("messages of " + this)
                .hasSize(1);
        assertThat(stderr)
                .as("stderr of " + command)
                .contains(parts)
                .doesNotContain("Exception", "\tat ", "internal error");
        return this;
    }

    @SuppressWarnings("unchecked")
    Map<String, Object> object() {
        return (Map<String, Object>) json();
    }

    @SuppressWarnings("unchecked")
    List<Map<String, Object>> list() {
        return (List<Map<String, Object>>) json();
    }

    private Object json() {
        return parse(out());
    }

    static Object parse(String json) {
        return Objects.requireNonNull(JSON.type(Object.class).fromJson(json));
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> child(Map<String, Object> object, String field) {
        return (Map<String, Object>) Objects.requireNonNull(object.get(field), field);
    }

    static long number(Map<String, Object> object, String field) {
        return ((Number) Objects.requireNonNull(object.get(field), () -> field + " is not in " + object)).longValue();
    }

    static String text(Map<String, Object> object, String field) {
        return Objects.requireNonNull(object.get(field), () -> field + " is not in " + object)
                .toString();
    }

    @Override
    public String toString() {
        return command + "\nstatus " + status + ", stdout:\n" + shortened(out()) + "\nstderr:\n" + shortened(stderr);
    }

    private static String shortened(String text) {
        return text.length() <= 4000
                ? text
                : text.substring(0, 2000) + "\n[...]\n" + text.substring(text.length() - 2000);
    }
}
