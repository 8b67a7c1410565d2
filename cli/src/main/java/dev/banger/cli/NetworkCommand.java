package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "network",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Networks: what VMs are connected to.",
            "",
            "user and bridge are always there; VMs in them do not see each other. One that is made here has VMs that do,",
            "by address and by name. They are put into it with --network NAME.",
            ""
        },
        subcommands = {
            NetworkLsCommand.class,
            NetworkCreateCommand.class,
            NetworkShowCommand.class,
            NetworkRmCommand.class
        })
final class NetworkCommand extends Group {}
