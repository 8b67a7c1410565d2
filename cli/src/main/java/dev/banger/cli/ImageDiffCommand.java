package dev.banger.cli;

import dev.banger.api.ImageDiff;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "diff",
        description = {
            "Show what changed from one image to another: packages of dpkg and apk, and files.",
            "",
            "A file has changed if its type, mode, owner, size or content has; times do not count.",
            ""
        },
        footer = {"", "Example: banger image diff debian build-box"})
final class ImageDiffCommand extends Leaf {
    @Parameters(index = "0", paramLabel = "IMAGE", description = "The image before.")
    private String before = "";

    @Parameters(index = "1", paramLabel = "IMAGE", description = "The image after.")
    private String after = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    ImageDiffCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        ImageDiff diff = api().diffImages(before, after);
        if (json) {
            out().json(ImageDiff.class, diff);
            return 0;
        }
        for (ImageDiff.PackageChange each : diff.packages()) {
            String versions = Stream.of(each.before(), each.after())
                    .flatMap(Stream::ofNullable)
                    .collect(Collectors.joining(" -> "));
            line("package", each.change(), each.name() + " " + versions);
        }
        diff.files().forEach(each -> line("file", each.change(), each.path()));
        return 0;
    }

    private void line(String kind, ImageDiff.Change change, String what) {
        out().line(String.join(" ", List.of(kind, change.toString(), Neutral.line(what))));
    }
}
