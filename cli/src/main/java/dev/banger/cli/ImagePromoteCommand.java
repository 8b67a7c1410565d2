package dev.banger.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "promote",
        description = {
            "Make an image the one that VMs get when they ask for none, or that another name stands for.",
            "",
            "At once and without a copy; it keeps its own name, too. What the other name stood for stays for the VMs that are",
            "based on it, and goes with the last of them.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger image promote build-box",
            "  banger image promote build-box-7 --as build-box"
        })
final class ImagePromoteCommand extends Leaf {
    @Parameters(paramLabel = "IMAGE", description = "Its name.")
    private String image = "";

    @Option(names = "--as", paramLabel = "NAME", description = "The name that shall stand for it; default: debian.")
    private @Nullable String as;

    ImagePromoteCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        out().line(api().promoteImage(image, as).name());
        return 0;
    }
}
