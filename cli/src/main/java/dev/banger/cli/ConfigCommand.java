package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "config",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "The configuration: config.toml, the project file banger.toml of a repository, BANGER_... variables.",
            "",
            "Each overrides the one before, options of commands override all. docs/configuration.md has the keys.",
            ""
        },
        subcommands = {ConfigShowCommand.class, ConfigCheckCommand.class})
final class ConfigCommand extends Group {}
