package dev.banger.cli;

import dev.banger.api.ImageInfo;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "show",
        description = {"Show all about an image.", ""})
final class ImageShowCommand extends Leaf {
    @Parameters(paramLabel = "IMAGE", description = "Its name.")
    private String image = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    ImageShowCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        ImageInfo info = api().image(image);
        if (json) {
            out().json(ImageInfo.class, info);
        } else {
            out().facts(List.of(
                    List.of("name", info.name()),
                    List.of("source", info.source()),
                    List.of("digest", info.digest()),
                    List.of("own init", info.hasInit() ? "yes" : "no: banger's agent is PID 1"),
                    List.of("file system", Sizes.show(info.virtualBytes())),
                    List.of("takes up", Sizes.show(info.diskBytes())),
                    List.of("created", info.createdAt().toString()),
                    List.of("directory", info.directory()),
                    List.of("used by", info.usedBy().isEmpty() ? "-" : String.join(", ", info.usedBy()))));
        }
        return 0;
    }
}
