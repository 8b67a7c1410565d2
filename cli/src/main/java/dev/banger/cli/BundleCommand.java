package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "bundle",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Runtime bundles: a directory with a kernel, a root file system and helper programs of one make.",
            "",
            "bundle.json names them; docs/bundles.md has its keys, and the layout of those without one.",
            ""
        },
        footer = {"", "Next: banger vm run --runtime-dir DIR, or runtime_dir in the table [vm] of config.toml."},
        subcommands = {BundleShowCommand.class, BundleCheckCommand.class})
final class BundleCommand extends Group {}
