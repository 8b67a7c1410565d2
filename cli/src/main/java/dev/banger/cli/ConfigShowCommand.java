package dev.banger.cli;

import dev.banger.api.ConfigQuery;
import dev.banger.api.ConfigReport;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "show",
        description = {"Show what is configured, and where; with --effective everything, defaults too.", ""},
        footer = {"", "Exit status: 0, or 2 when something is wrong in a file or variable."})
final class ConfigShowCommand extends Leaf {
    @Option(names = "--effective", description = "Also what nobody has set.")
    private boolean effective;

    @Option(names = "--json", description = "Print JSON: everything.")
    private boolean json;

    ConfigShowCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        ConfigReport report = api().config(new ConfigQuery(
                console().directory().toString(), console().environment(), null));
        if (json) {
            out().json(ConfigReport.class, report);
        } else {
            print(report);
        }
        report.problems().forEach(out()::error);
        return report.problems().isEmpty() ? 0 : BangerCli.USAGE;
    }

    private void print(ConfigReport report) {
        out().line("file: " + report.file() + (report.present() ? "" : " (not there)"));
        if (report.project() != null) {
            out().line("project: " + report.project());
        }
        List<List<String>> rows = report.values().stream()
                .filter(value -> effective || !value.source().equals("default"))
                .map(value -> List.of(
                        value.key(),
                        value.value(),
                        value.source() + (value.origin().isEmpty() ? "" : " " + value.origin())))
                .toList();
        if (!rows.isEmpty()) {
            out().table(List.of("KEY", "VALUE", "FROM"), rows);
        }
        report.values().stream()
                .filter(value -> value.pending() != null)
                .forEach(value -> out().notice(value.key() + " becomes " + value.pending()
                        + " when the daemon is started again: \"banger daemon restart\""));
    }
}
