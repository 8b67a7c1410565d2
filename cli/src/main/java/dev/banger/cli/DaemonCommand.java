package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "daemon",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "The daemon behind every command. It starts by itself, and its end stops no VM.",
            "",
            "banger daemon status shows it; banger daemon stop ends it.",
            ""
        },
        subcommands = {
            DaemonStatusCommand.class,
            DaemonStartCommand.class,
            DaemonStopCommand.class,
            DaemonRestartCommand.class
        })
final class DaemonCommand extends Group {}
