package dev.banger.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "unpublish",
        description = {
            "Take a kernel out of a signed catalog; prints the catalog as its users' configuration names it.",
            "",
            "Who has fetched it keeps it. Its parts stay, so that pulls that are under way can go on, unless --prune deletes them.",
            ""
        },
        footer = {
            "",
            "Example: banger kernel unpublish debian-6.1.0-47 /srv/www/catalog --key ~/.config/banger/catalog.key --prune"
        })
final class KernelUnpublishCommand extends Leaf {
    @Mixin
    private final UnpublishOptions options = new UnpublishOptions();

    KernelUnpublishCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        return options.call(session(), api(), "kernel");
    }
}
