package dev.banger.cli;

import dev.banger.api.BundleReport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "check",
        description = {"Check a runtime bundle: every key, and that every path is there.", ""},
        footer = {"", "Exit status: 0, or 2 when something is wrong; every error is told, with file, key and line."})
final class BundleCheckCommand extends Leaf {
    @Parameters(
            paramLabel = "DIR",
            arity = "0..1",
            description = "The bundle; default: BANGER_RUNTIME_DIR, or what the configuration file names.")
    private @Nullable String directory;

    BundleCheckCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        BundleReport report = api().bundle(BundleShowCommand.query(console(), directory));
        report.problems().forEach(out()::error);
        if (!report.problems().isEmpty()) {
            return BangerCli.USAGE;
        }
        out().line(report.directory() + ": right, " + report.parts().size() + " paths"
                + (report.described() ? "" : " in the older layout"));
        return 0;
    }
}
