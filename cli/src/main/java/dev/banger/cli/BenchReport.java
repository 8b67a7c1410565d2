package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.StageTiming;
import io.avaje.jsonb.Json;
import io.avaje.jsonb.Jsonb;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What {@code bench} found; {@code bench --json} prints these fields.
 *
 * @param measuredAt when it began
 * @param version of banger
 * @param build of banger
 * @param runs how often each row was to be measured
 * @param host where
 * @param rows what was measured
 */
@Json
record BenchReport(Instant measuredAt, String version, String build, int runs, BenchHost host, List<Row> rows) {
    private static final Jsonb JSON =
            Jsonb.builder().serializeNulls(true).serializeEmpty(true).build();

    BenchReport {
        rows = rows == null ? List.of() : List.copyOf(rows); // a file may have none
    }

    /**
     * One row. All times are in milliseconds, from the start of a process to its end.
     *
     * @param row which, as {@code --only} takes it
     * @param n how many times were taken
     * @param median of them; null without any
     * @param p90 the least that nine of ten do not exceed; null without any
     * @param stage the stage of the start that took longest, where a VM was started
     * @param stageMillis its median
     * @param note why there are fewer times than asked for, or what was found that is no time
     * @param millis every time, in the order taken
     */
    @Json
    record Row(
            String row,
            int n,
            @Nullable Double median,
            @Nullable Double p90,
            @Nullable String stage,
            @Nullable Double stageMillis,
            String note,
            List<Double> millis) {
        static Row of(BenchRow row, List<Double> millis, List<List<StageTiming>> starts, String note) {
            Optional<Map.Entry<String, Double>> slowest = slowest(starts);
            boolean any = !millis.isEmpty();
            return new Row(
                    row.toString(),
                    millis.size(),
                    any ? BenchReport.median(millis) : null,
                    any ? BenchReport.p90(millis) : null,
                    slowest.map(Map.Entry::getKey).orElse(null),
                    slowest.map(Map.Entry::getValue).orElse(null),
                    note,
                    List.copyOf(millis));
        }

        /** The stage with the greatest median over all starts. */
        private static Optional<Map.Entry<String, Double>> slowest(List<List<StageTiming>> starts) {
            Map<String, List<Double>> byStage = new LinkedHashMap<>();
            for (StageTiming timing : starts.stream().flatMap(List::stream).toList()) {
                byStage.computeIfAbsent(timing.stage(), stage -> new ArrayList<>())
                        .add((double) timing.millis());
            }
            Map<String, Double> medians = new LinkedHashMap<>();
            byStage.forEach((stage, times) -> medians.put(stage, BenchReport.median(times)));
            return medians.entrySet().stream().max(Map.Entry.comparingByValue());
        }
    }

    /** The middle one, or the mean of the two in the middle. */
    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** The nearest rank: always one that was measured. */
    static double p90(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(Math.ceilDiv(sorted.size() * 9, 10) - 1);
    }

    String toJson() {
        return JSON.type(BenchReport.class).toJsonPretty(this);
    }

    /** Reads what {@link #toJson} wrote; {@code from} is for the error. */
    static BenchReport parse(String json, String from) {
        String refusal = from + " is no report of \"banger bench\": ";
        BenchReport report;
        try {
            report = JSON.type(BenchReport.class).fromJson(json);
        } catch (RuntimeException e) { // the parser's own exceptions for text that is not what was asked for
            throw new BangerException(ErrorCode.INVALID_ARGUMENT, refusal + e.getMessage(), e);
        }
        if (report == null || report.host() == null || report.rows().isEmpty()) {
            throw BangerException.invalid(refusal + "it has no host or no rows");
        }
        return report;
    }

    /** By how many percent the median of a row is more than it was; empty where one of the two was not measured. */
    OptionalDouble change(Row row, BenchReport earlier) {
        Double now = row.median();
        Double before = earlier.rows().stream()
                .filter(other -> row.row().equals(other.row()))
                .findFirst()
                .map(Row::median)
                .orElse(null);
        return now == null || before == null || before <= 0
                ? OptionalDouble.empty()
                : OptionalDouble.of((now - before) / before * 100);
    }

    /** Prints it for people; with an earlier report the change since then. */
    void print(Output out, @Nullable BenchReport earlier) {
        List<String> headings = new ArrayList<>(List.of("ROW", "N", "MEDIAN", "P90"));
        if (earlier != null) {
            headings.add("CHANGE");
        }
        headings.addAll(List.of("SLOWEST STAGE", "NOTE"));
        out.table(headings, rows.stream().map(row -> cells(row, earlier)).toList());
        out.line("");
        out.facts(host.facts());
        if (earlier != null && !host.sameMachine(earlier.host())) {
            out.notice("warning: the earlier report is of another machine; the changes say little");
        }
    }

    private List<String> cells(Row row, @Nullable BenchReport earlier) {
        List<String> cells = new ArrayList<>(
                List.of(title(row.row()), Integer.toString(row.n()), millis(row.median()), millis(row.p90())));
        if (earlier != null) {
            OptionalDouble change = change(row, earlier);
            cells.add(change.isEmpty() ? "-" : String.format(Locale.ROOT, "%+.1f %%", change.getAsDouble()));
        }
        cells.add(row.stage() == null ? "-" : Neutral.line(row.stage()) + " " + millis(row.stageMillis()));
        cells.add(Neutral.line(row.note()));
        return cells;
    }

    private static String title(String key) {
        for (BenchRow row : BenchRow.values()) {
            if (row.toString().equals(key)) {
                return row.title();
            }
        }
        return key;
    }

    private static String millis(@Nullable Double value) {
        return value == null ? "-" : String.format(Locale.ROOT, "%.1f ms", value);
    }
}
