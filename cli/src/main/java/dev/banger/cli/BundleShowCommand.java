package dev.banger.cli;

import dev.banger.api.BundleReport;
import dev.banger.api.ConfigQuery;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "show",
        description = {"Show what is in a runtime bundle, each path with where it came from.", ""},
        footer = {"", "Exit status: 0, or 2 when something is wrong with it."})
final class BundleShowCommand extends Leaf {
    @Parameters(
            paramLabel = "DIR",
            arity = "0..1",
            description = "The bundle; default: BANGER_RUNTIME_DIR, or what the configuration file names.")
    private @Nullable String directory;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    BundleShowCommand(Session session) {
        super(session);
    }

    static ConfigQuery query(Console console, @Nullable String directory) {
        return new ConfigQuery(
                null,
                console.environment(),
                directory == null
                        ? null
                        : console.directory().resolve(directory).normalize().toString());
    }

    @Override
    public Integer call() {
        BundleReport report = api().bundle(query(console(), directory));
        if (json) {
            out().json(BundleReport.class, report);
        } else {
            out().line("bundle: " + report.directory() + " (named by " + report.origin() + ", "
                    + (report.described() ? "described by bundle.json" : "the older layout") + ")");
            if (!report.parts().isEmpty()) {
                out().table(
                                List.of("KEY", "PATH", "FROM"),
                                report.parts().stream()
                                        .map(part -> List.of(part.key(), part.path(), part.origin()))
                                        .toList());
            }
        }
        report.problems().forEach(out()::error);
        return report.problems().isEmpty() ? 0 : BangerCli.USAGE;
    }
}
