package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "internal",
        hidden = true,
        synopsisSubcommandLabel = "COMMAND",
        description = {"What banger's own programs and scripts call.", ""},
        subcommands = {InternalTcpCommand.class, InternalNatCommand.class})
final class InternalCommand extends Group {}
