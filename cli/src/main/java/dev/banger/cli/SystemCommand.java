package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "system",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "The daemon as a service of systemd: of the host where root installs it, else of the user.",
            "",
            "It then starts with the host (a user's with the user's first login) and again when it fails. VMs outlive a stop,",
            "a restart and an upgrade of it, as they do without systemd.",
            ""
        },
        subcommands = {
            SystemInstallCommand.class,
            SystemStatusCommand.class,
            SystemRestartCommand.class,
            SystemUninstallCommand.class
        })
final class SystemCommand extends Group {}
