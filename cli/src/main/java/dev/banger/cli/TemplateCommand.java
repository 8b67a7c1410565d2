package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "template",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Templates: machines that have booted and were saved, so that VMs of the same make start without a boot.",
            "",
            "The first start of a make leaves one behind; banger image warm makes one ahead of need. Deleting one costs",
            "nothing but the next boot.",
            ""
        },
        subcommands = {
            TemplateLsCommand.class,
            TemplateShowCommand.class,
            TemplateRmCommand.class,
            TemplatePruneCommand.class
        })
final class TemplateCommand extends Group {}
