package dev.banger.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "unpublish",
        description = {
            "Take an image out of a signed catalog; prints the catalog as its users' configuration names it.",
            "",
            "Who has fetched it keeps it. Its parts stay, so that pulls that are under way can go on, unless --prune deletes them.",
            ""
        },
        footer = {"", "Example: banger image unpublish old /srv/www/catalog --key ~/.config/banger/catalog.key --prune"
        })
final class ImageUnpublishCommand extends Leaf {
    @Mixin
    private final UnpublishOptions options = new UnpublishOptions();

    ImageUnpublishCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        return options.call(session(), api(), "image");
    }
}
