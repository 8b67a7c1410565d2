package dev.banger.cli;

import dev.banger.api.ImageInfo;
import io.avaje.jsonb.Types;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        aliases = "list",
        description = {"List all images.", ""})
final class ImageLsCommand extends Leaf {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print names only.")
    private boolean quiet;

    ImageLsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<ImageInfo> images = api().images();
        if (json) {
            out().json(Types.listOf(ImageInfo.class), images);
        } else if (quiet) {
            images.forEach(image -> out().line(image.name()));
        } else {
            out().table(
                            List.of("NAME", "DIGEST", "SIZE", "SOURCE", "AGE", "VMS"),
                            images.stream()
                                    .map(image -> List.of(
                                            image.name(),
                                            image.digest().substring(0, 12),
                                            Sizes.show(image.diskBytes()),
                                            image.source(),
                                            Ages.since(image.createdAt()),
                                            Integer.toString(image.usedBy().size())))
                                    .toList());
        }
        return 0;
    }
}
