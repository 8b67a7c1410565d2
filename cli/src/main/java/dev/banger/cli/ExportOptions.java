package dev.banger.cli;

import dev.banger.api.ExportInfo;
import dev.banger.api.ExportRequest;
import dev.banger.api.Operation;
import java.util.function.BiFunction;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Where to export to: of {@code image export} and {@code kernel export}. */
final class ExportOptions {
    @Parameters(index = "0", paramLabel = "NAME", description = "What to export.")
    private String name = "";

    @Parameters(
            index = "1",
            paramLabel = "DIR|FILE.tar",
            description = "A directory, which any web server can serve; or one file, if the name ends in .tar.")
    private String path = "";

    @Option(names = "--replace", description = "Also if there is an export at that place.")
    private boolean replace;

    @Option(names = "--json", description = "Print what was exported as JSON instead of its digest.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    int call(Session session, BiFunction<String, ExportRequest, Operation<ExportInfo>> export) {
        String target = session.console().directory().resolve(path).normalize().toString();
        ExportInfo exported =
                new ProgressView(session, quiet).follow(export.apply(name, new ExportRequest(target, replace)));
        if (json) {
            session.out().json(ExportInfo.class, exported);
        } else {
            session.out().line("sha256:" + exported.digest());
        }
        return 0;
    }
}
