package dev.banger.cli;

import dev.banger.api.DoctorReport;
import dev.banger.api.DoctorReport.Check;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** How a report of doctor's is printed, also where no session has been begun. */
public final class ReportPrinter {
    private ReportPrinter() {}

    /** The whole of it; {@code out} stays open. */
    public static void print(DoctorReport report, boolean json, OutputStream out) {
        PrintWriter writer = new PrintWriter(out, false, StandardCharsets.UTF_8);
        if (json) {
            writer.println(Output.jsonText(DoctorReport.class, report));
        } else {
            report.checks().forEach(check -> lines(check).forEach(writer::println));
        }
        writer.flush();
    }

    /** A row, and what to do about it below. */
    static List<String> lines(Check check) {
        String row = check.status() + "  " + check.subject() + ": " + Neutral.line(check.finding());
        return check.advice().isEmpty() ? List.of(row) : List.of(row, "      " + Neutral.line(check.advice()));
    }
}
