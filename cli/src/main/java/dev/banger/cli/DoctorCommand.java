package dev.banger.cli;

import dev.banger.api.DoctorReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "doctor",
        description = {
            "Examine this host: what works, what is missing, what to do. Changes nothing.",
            "",
            "Where no daemon runs, none is started: what it would work with is looked at without it.",
            ""
        },
        footer = {"", "Exit status: 0, or 1 when a check failed."})
final class DoctorCommand extends Leaf {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    DoctorCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        DoctorReport report = api().doctor();
        if (json) {
            out().json(DoctorReport.class, report);
        } else {
            report.checks().forEach(check -> print(out(), check));
        }
        return report.failed() ? 1 : 0;
    }

    static void print(Output out, DoctorReport.Check check) {
        ReportPrinter.lines(check).forEach(out::line);
    }
}
