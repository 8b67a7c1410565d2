package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "image",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Images: the root file systems that VMs start from.",
            "",
            "The usual one is \"debian\"; the first VM builds it. banger image build debian --refresh makes it anew,",
            "banger image build tar --name mine --path root.tar makes one of your own, banger image pull one of a container image.",
            ""
        },
        subcommands = {
            ImageLsCommand.class,
            ImageShowCommand.class,
            ImageBuildCommand.class,
            ImagePullCommand.class,
            ImageExportCommand.class,
            ImagePublishCommand.class,
            ImageUnpublishCommand.class,
            ImageCustomizeCommand.class,
            ImageRegisterCommand.class,
            ImagePromoteCommand.class,
            ImageDiffCommand.class,
            ImageWarmCommand.class,
            ImageCacheCommand.class,
            ImageDeleteCommand.class
        })
final class ImageCommand extends Group {}
