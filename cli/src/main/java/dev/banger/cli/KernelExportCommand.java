package dev.banger.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "export",
        description = {
            "Write a kernel to a directory or a file, compressed, to be carried elsewhere; prints its digest.",
            "",
            "Every part of it is known by its SHA-256; the digest that is printed is that of all of it.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger kernel export debian ./kernel.tar",
            "  banger kernel export debian /srv/www/kernel-debian     # then: kernel pull https://HOST/kernel-debian@sha256:...",
            "Next: banger kernel pull PATH, banger kernel publish NAME DIR --key FILE."
        })
final class KernelExportCommand extends Leaf {
    @Mixin
    private final ExportOptions options = new ExportOptions();

    KernelExportCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        return options.call(session(), api()::exportKernel);
    }
}
