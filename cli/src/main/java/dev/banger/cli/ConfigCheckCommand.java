package dev.banger.cli;

import dev.banger.api.ConfigQuery;
import dev.banger.api.ConfigReport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "check",
        description = {
            "Check the configuration file, the project file here or above, and the BANGER_... variables; or one file.",
            ""
        },
        footer = {"", "Exit status: 0, or 2 when something is wrong; every error is told, with line and column."})
final class ConfigCheckCommand extends Leaf {
    @Parameters(
            paramLabel = "FILE",
            arity = "0..1",
            description = "The one to check; one that is named banger.toml is a project file.")
    private @Nullable String file;

    ConfigCheckCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        String absolute = file == null
                ? null
                : console().directory().resolve(file).normalize().toString();
        ConfigReport report = api().config(new ConfigQuery(
                console().directory().toString(), console().environment(), absolute));
        report.problems().forEach(out()::error);
        if (!report.problems().isEmpty()) {
            return BangerCli.USAGE;
        }
        out().line(report.file() + (report.present() ? ": right" : ": not there, so all is as by default"));
        if (absolute == null && report.project() != null) {
            out().line(report.project() + ": right");
        }
        return 0;
    }
}
