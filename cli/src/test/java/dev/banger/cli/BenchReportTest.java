package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.StageTiming;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BenchReportTest {
    private static final BenchHost HOST = new BenchHost(
            "Some CPU", 2, 8L << 30, "Linux 6.1", false, "no /dev/kvm", "ext4", "qemu 7.2", "tcg", null, null);

    private final ScriptedConsole console = ScriptedConsole.piped();

    private static BenchReport report(BenchHost host, BenchReport.Row... rows) {
        return new BenchReport(Instant.parse("2026-11-24T10:00:00Z"), "0.1.0", "abc123", 3, host, List.of(rows));
    }

    private static BenchReport.Row row(BenchRow row, Double... millis) {
        return BenchReport.Row.of(row, List.of(millis), List.of(), "");
    }

    private List<String> print(BenchReport report, @Nullable BenchReport earlier) {
        Output out = new Session(new ScriptedBanger(), console, "0.1.0", "abc123", Path.of("banger")).out();
        report.print(out, earlier);
        out.flush();
        return console.out().lines().toList();
    }

    @ParameterizedTest
    @CsvSource({
        "7, 7, 7",
        "3 1 2, 2, 3",
        "4 1 3 2, 2.5, 4",
        "1 2 3 4 5 6 7 8 9, 5, 9",
        "10 9 8 7 6 5 4 3 2 1, 5.5, 9",
        "1 2 3 4 5 6 7 8 9 10 11, 6, 10"
    })
    void medianAndP90AreThoseOfTheSortedTimes(String times, double median, double p90) {
        BenchReport.Row row = row(
                BenchRow.LS,
                Arrays.stream(times.split(" ")).map(Double::valueOf).toArray(Double[]::new));

        assertThat(row.median()).isEqualTo(median);
        assertThat(row.p90()).isEqualTo(p90);
        assertThat(row.n()).isEqualTo(times.split(" ").length);
    }

    @Test
    void aRowWithoutTimesHasNone() {
        BenchReport.Row row = BenchReport.Row.of(BenchRow.POOL, List.of(), List.of(), "no start came from a pool");

        assertThat(row.n()).isZero();
        assertThat(row.median()).isNull();
        assertThat(row.p90()).isNull();
        assertThat(row.stage()).isNull();
    }

    @Test
    void theSlowestStageIsTheOneThatUsuallyTakesLongest() {
        List<StageTiming> usual = List.of(new StageTiming("disks", 20), new StageTiming("booting", 900));
        List<StageTiming> oddOne = List.of(new StageTiming("disks", 5000), new StageTiming("booting", 901));

        BenchReport.Row row =
                BenchReport.Row.of(BenchRow.BOOT, List.of(1.0, 2.0, 3.0), List.of(usual, oddOne, usual), "");

        assertThat(row.stage()).isEqualTo("booting");
        assertThat(row.stageMillis()).isEqualTo(900);
    }

    @Test
    void theTableHasARowForEachAndTheHostBelow() {
        BenchReport report = report(
                HOST,
                BenchReport.Row.of(
                        BenchRow.BOOT,
                        List.of(1000.0, 1200.0, 1100.0),
                        List.of(List.of(new StageTiming("booting", 900))),
                        ""),
                BenchReport.Row.of(BenchRow.POOL, List.of(), List.of(), "no start came from a pool\u001b[2J"));

        List<String> lines = print(report, null);

        assertThat(lines.get(0).split(" {2,}")).containsExactly("ROW", "N", "MEDIAN", "P90", "SLOWEST STAGE", "NOTE");
        assertThat(lines.get(1).split(" {2,}"))
                .containsExactly(
                        "cold boot: vm run --rm --cold -- true", "3", "1100.0 ms", "1200.0 ms", "booting 900.0 ms");
        assertThat(lines.get(2).split(" {2,}"))
                .containsExactly("pool hit: vm run --rm -- true", "0", "-", "-", "-", "no start came from a pool[2J");
        assertThat(lines).contains("cpu          Some CPU, 2 usable", "vmm          qemu 7.2, tcg");
    }

    @Test
    void whatIsWrittenIsWhatIsRead() {
        BenchReport report = report(
                HOST,
                BenchReport.Row.of(
                        BenchRow.RESTORE,
                        List.of(80.125, 90.5),
                        List.of(List.of(new StageTiming("waking", 30))),
                        "2 starts came from a template"),
                BenchReport.Row.of(BenchRow.POOL, List.of(), List.of(), "none"));

        assertThat(BenchReport.parse(report.toJson(), "it")).isEqualTo(report);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "null", "7", "{}", "{\"rows\": []}", "{\"rows\": [{\"row\": \"ls\"}]}"})
    void whatIsNoReportIsRefused(String text) {
        assertThatThrownBy(() -> BenchReport.parse(text, "old.json"))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
                .hasMessageContaining("old.json is no report");
    }

    @Test
    void theChangeIsThatOfTheMedianInPercentOfWhatItWas() {
        BenchReport earlier = report(HOST, row(BenchRow.LS, 10.0, 20.0, 30.0), row(BenchRow.EXEC, 100.0));
        BenchReport.Row slower = row(BenchRow.LS, 25.0);
        BenchReport.Row faster = row(BenchRow.EXEC, 75.0);
        BenchReport now = report(HOST, slower, faster);

        assertThat(now.change(slower, earlier).getAsDouble()).isCloseTo(25, within(1e-9));
        assertThat(now.change(faster, earlier).getAsDouble()).isCloseTo(-25, within(1e-9));
    }

    @Test
    void whatOneOfTheTwoDidNotMeasureHasNoChange() {
        BenchReport earlier = report(HOST, row(BenchRow.POOL), row(BenchRow.LS, 20.0));
        BenchReport now = report(HOST, row(BenchRow.POOL, 5.0), row(BenchRow.LS), row(BenchRow.GIT, 1.0));

        assertThat(now.rows())
                .allSatisfy(row -> assertThat(now.change(row, earlier)).isEmpty());
    }

    @Test
    void aComparisonIsAColumn() {
        List<String> lines = print(
                report(HOST, row(BenchRow.LS, 22.0), row(BenchRow.GIT, 1.0)), report(HOST, row(BenchRow.LS, 20.0)));

        assertThat(lines.get(0).split(" {2,}")).contains("CHANGE");
        assertThat(lines.get(1).split(" {2,}")).containsExactly("vm ls", "1", "22.0 ms", "22.0 ms", "+10.0 %", "-");
        assertThat(lines.get(2).split(" {2,}")[4]).isEqualTo("-");
        assertThat(console.err()).isEmpty();
    }

    @Test
    void aComparisonWithAnotherMachineIsWarnedOf() {
        BenchHost other =
                new BenchHost("Other CPU", 2, 8L << 30, "Linux 6.1", false, "", "ext4", null, null, null, null);

        print(report(HOST, row(BenchRow.LS, 1.0)), report(other, row(BenchRow.LS, 1.0)));

        assertThat(console.err()).contains("another machine");
    }
}
