package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "vm",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Virtual machines: make them, run things in them, delete them.",
            "",
            "The usual command: banger vm run --rm -- COMMAND. For a VM that stays: banger vm create --name dev, then",
            "banger vm exec dev -- COMMAND or banger vm ssh dev; banger vm delete dev in the end.",
            "A VM is named by its name, its id, or a prefix of its id that no other VM has.",
            ""
        },
        subcommands = {
            VmRunCommand.class,
            VmCreateCommand.class,
            VmStartCommand.class,
            VmStopCommand.class,
            VmRestartCommand.class,
            VmKillCommand.class,
            VmPauseCommand.class,
            VmResumeCommand.class,
            VmSnapshotCommand.class,
            VmForkCommand.class,
            VmDeleteCommand.class,
            VmLsCommand.class,
            VmShowCommand.class,
            VmExecCommand.class,
            VmSshCommand.class,
            VmCpCommand.class,
            VmLogsCommand.class,
            VmPortsCommand.class,
            VmStatsCommand.class,
            VmSetCommand.class,
            VmPruneCommand.class
        })
final class VmCommand extends Group {}
