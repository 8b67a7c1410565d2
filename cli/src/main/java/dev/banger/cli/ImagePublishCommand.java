package dev.banger.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "publish",
        description = {
            "Put an image into a signed catalog; prints the catalog as the configuration of those who use it names it.",
            "",
            "A catalog is a directory that any web server can serve: in DIRECTORY#ed25519:KEY its https address then stands in the",
            "directory's place. One of that name that is listed already is replaced; parts that both have are kept.",
            ""
        },
        footer = {
            "",
            "Example: banger image publish debian /srv/www/catalog --key ~/.config/banger/catalog.key --new-key",
            "Next: images.catalogs in config.toml (BANGER_CATALOGS), banger image ls --available."
        })
final class ImagePublishCommand extends Leaf {
    @Mixin
    private final PublishOptions options = new PublishOptions();

    ImagePublishCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        return options.call(session(), api()::publishImage);
    }
}
