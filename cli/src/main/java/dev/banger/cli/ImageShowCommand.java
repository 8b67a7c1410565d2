package dev.banger.cli;

import dev.banger.api.ImageInfo;
import dev.banger.api.ImageProgram;
import java.util.List;
import org.jspecify.annotations.Nullable;
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
            ImageProgram program = info.program();
            out().facts(List.of(
                    List.of("name", info.name()),
                    List.of("source", info.source()),
                    List.of("digest", info.digest()),
                    List.of("own init", info.hasInit() ? "yes" : "no: banger's agent is PID 1"),
                    List.of("file system", Sizes.show(info.virtualBytes())),
                    List.of("takes up", Sizes.show(info.diskBytes())),
                    List.of("created", info.createdAt().toString()),
                    List.of("runs", or(String.join(" ", program.commandLine()), "-")),
                    List.of("as", or(program.user(), "root") + " in " + or(program.directory(), "the user's home")),
                    List.of(
                            "environment",
                            or(String.join(" ", program.environment().keySet()), "-")),
                    List.of("directory", info.directory()),
                    List.of("used by", info.usedBy().isEmpty() ? "-" : String.join(", ", info.usedBy()))));
        }
        return 0;
    }

    private static String or(@Nullable String value, String otherwise) {
        return value == null || value.isEmpty() ? otherwise : value;
    }
}
