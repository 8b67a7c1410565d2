package dev.banger.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "export",
        description = {
            "Write an image to a directory or a file, compressed, to be carried elsewhere; prints its digest.",
            "",
            "Every part of it is known by its SHA-256; the digest that is printed is that of all of it.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger image export debian ./debian.tar",
            "  banger image export debian /srv/www/image-debian     # then: image pull https://HOST/image-debian@sha256:...",
            "Next: banger image pull PATH, banger image publish NAME DIR --key FILE."
        })
final class ImageExportCommand extends Leaf {
    @Mixin
    private final ExportOptions options = new ExportOptions();

    ImageExportCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        return options.call(session(), api()::exportImage);
    }
}
