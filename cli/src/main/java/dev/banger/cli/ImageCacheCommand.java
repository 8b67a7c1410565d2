package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "cache",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Layers that image pull has fetched, each once however many images have it.",
            "",
            "Images and VMs do not need them: they only save another pull from fetching them again.",
            ""
        },
        subcommands = {ImageCacheLsCommand.class, ImageCachePruneCommand.class})
final class ImageCacheCommand extends Group {}
