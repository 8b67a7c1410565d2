package dev.banger.cli;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "delete",
        aliases = "rm",
        description = {"Delete images that no VM is based on.", ""})
final class ImageDeleteCommand extends Leaf {
    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "Names.")
    private List<String> images = List.of();

    ImageDeleteCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        for (String image : images) {
            api().deleteImage(image);
            out().line(image);
        }
        return 0;
    }
}
