package dev.banger.cli;

import dev.banger.api.BangerException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "delete",
        aliases = "rm",
        description = {
            "Delete images that no VM is based on.",
            "",
            "Templates of an image and VMs that are prepared from it go with it: they are made",
            "again when they are needed. One that VMs or snapshots need is kept, and they are named.",
            ""
        })
final class ImageDeleteCommand extends Leaf {
    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "Names.")
    private List<String> images = List.of();

    ImageDeleteCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        int worst = 0;
        for (String image : images) {
            try {
                api().deleteImage(image);
                out().line(image);
            } catch (BangerException e) {
                out().error(String.valueOf(e.getMessage()));
                worst = e.code().exitCode();
            }
        }
        return worst;
    }
}
