package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "kernel",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Kernels: what VMs boot, with their modules. Any image runs with any kernel.",
            "",
            "The usual one is \"debian\", Debian's cloud kernel; the first VM fetches it. banger kernel pull debian --refresh",
            "fetches the newest. Others come from elsewhere in Debian, or from this host.",
            ""
        },
        subcommands = {
            KernelLsCommand.class,
            KernelShowCommand.class,
            KernelPullCommand.class,
            KernelBuildCommand.class,
            KernelImportCommand.class,
            KernelExportCommand.class,
            KernelPublishCommand.class,
            KernelUnpublishCommand.class,
            KernelRmCommand.class
        })
final class KernelCommand extends Group {}
