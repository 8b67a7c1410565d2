package dev.banger.cli;

import dev.banger.api.SnapshotInfo;
import io.avaje.jsonb.Types;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "ls",
        aliases = "list",
        description = {
            "List the snapshots of a VM as a tree: each below the one that its disks are based on.",
            "",
            "The one that the VM itself is based on has a \"*\"; \"-\" is one without a name, kept for those below it.",
            ""
        },
        footer = {"", "Example: banger vm snapshot ls dev"})
final class VmSnapshotLsCommand extends Leaf {
    @Parameters(paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print names only.")
    private boolean quiet;

    VmSnapshotLsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<SnapshotInfo> snapshots = api().snapshots(vm);
        if (json) {
            out().json(Types.listOf(SnapshotInfo.class), snapshots);
        } else if (quiet) {
            for (SnapshotInfo snapshot : snapshots) {
                if (snapshot.name() != null) {
                    out().line(snapshot.name());
                }
            }
        } else {
            out().table(
                            List.of("NAME", "MEMORY", "SIZE", "AGE", "USED BY"),
                            SnapshotTree.of(snapshots).stream()
                                    .map(VmSnapshotLsCommand::row)
                                    .toList());
        }
        return 0;
    }

    private static List<String> row(SnapshotTree.Node node) {
        SnapshotInfo snapshot = node.snapshot();
        String name = snapshot.name() == null ? "-" : snapshot.name();
        return List.of(
                "  ".repeat(node.depth()) + name + (snapshot.current() ? " *" : ""),
                snapshot.memory() ? "yes" : "no",
                Sizes.show(snapshot.diskBytes()),
                Ages.since(snapshot.createdAt()),
                snapshot.usedBy().isEmpty() ? "-" : String.join(", ", snapshot.usedBy()));
    }
}
