package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code bench}, with real processes where they need no VM; there is no client to run here. */
class BenchCommandTest {
    @TempDir
    private Path directory;

    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    private int bench(String... options) {
        String[] line = new String[options.length + 1];
        line[0] = "bench";
        System.arraycopy(options, 0, line, 1, options.length);
        return console.in(directory).run(banger, line);
    }

    @Test
    void whatCannotBeMeasuredIsANoteAndNoFailure() {
        assertThat(bench("--runs", "2", "--only", "true,client,exec-after-restore"))
                .isZero();

        List<String> lines = console.out().lines().toList();
        assertThat(lines.get(1))
                .startsWith("first vm exec after a restore  0  -")
                .contains("cannot run /opt/banger");
        assertThat(lines.get(2))
                .startsWith("client alone: banger version   0  -")
                .contains("cannot run /opt/banger");
        assertThat(lines.get(3))
                .startsWith("reference: /bin/true           2  ")
                .doesNotContain("cannot");
    }

    @Test
    void theReportCanBeWrittenAndComparedWith() throws Exception {
        assertThat(bench("--runs", "2", "--only", "true", "--output", "before.json"))
                .isZero();
        BenchReport written = BenchReport.parse(Files.readString(directory.resolve("before.json")), "before.json");
        assertThat(written.rows()).singleElement().satisfies(row -> {
            assertThat(row.row()).isEqualTo("true");
            assertThat(row.millis()).hasSize(2).allMatch(millis -> millis > 0);
        });

        assertThat(bench("--runs", "1", "--only", "TRUE", "--compare", "before.json"))
                .isZero();
        assertThat(console.out()).contains("CHANGE").containsPattern("[+-]\\d+\\.\\d %");
    }

    @Test
    void jsonIsTheReport() {
        assertThat(bench("--runs", "1", "--only", "true", "--json")).isZero();

        BenchReport report = BenchReport.parse(console.out(), "stdout");
        assertThat(report.build()).isEqualTo("abc123");
        assertThat(report.host().cpus()).isPositive();
        assertThat(report.host().memoryBytes()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--runs 0",
                "--runs many",
                "--only exec,nothing",
                "--json --compare old.json",
                "--output no/such/directory/x.json",
                "--output .",
                "--compare broken.json"
            })
    void aWrongCommandLineEndsWith2AndMeasuresNothing(String options) throws Exception {
        Files.writeString(directory.resolve("broken.json"), "{");

        assertThat(bench(options.split(" "))).isEqualTo(2);
        assertThat(console.out()).isEmpty();
        assertThat(console.err()).isNotBlank().doesNotContain("measuring").doesNotContain("Exception:");
    }

    @Test
    void anEarlierReportThatIsNotThereIsSaidBeforeAnythingIsMeasured() {
        assertThat(bench("--compare", "missing.json")).isEqualTo(125);
        assertThat(console.err()).contains("missing.json").doesNotContain("measuring");
    }
}
