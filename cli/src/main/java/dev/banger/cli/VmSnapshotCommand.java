package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "snapshot",
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Snapshots: a VM as it was at one moment, to go back to.",
            "",
            "banger vm snapshot create dev before-upgrade saves it, banger vm snapshot restore dev before-upgrade brings it",
            "back. Of a running VM memory and disks are saved, of a stopped one its disks.",
            ""
        },
        subcommands = {
            VmSnapshotCreateCommand.class,
            VmSnapshotLsCommand.class,
            VmSnapshotRestoreCommand.class,
            VmSnapshotRmCommand.class
        })
final class VmSnapshotCommand extends Group {}
