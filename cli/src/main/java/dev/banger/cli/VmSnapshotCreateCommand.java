package dev.banger.cli;

import dev.banger.api.SnapshotInfo;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "create",
        description = {
            "Save a VM as it is now; prints the snapshot's name. A running one stands still for a moment.",
            ""
        },
        footer = {
            "",
            "Example: banger vm snapshot create dev before-upgrade",
            "Next: banger vm snapshot restore VM NAME, banger vm snapshot ls VM."
        })
final class VmSnapshotCreateCommand extends Leaf {
    @Parameters(index = "0", paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Parameters(index = "1", paramLabel = "NAME", arity = "0..1", description = "The snapshot's; made up without it.")
    private @Nullable String name;

    @Option(names = "--json", description = "Print the snapshot as JSON instead.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    VmSnapshotCreateCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        SnapshotInfo made = new ProgressView(session(), quiet).follow(api().createSnapshot(vm, name));
        if (json) {
            out().json(SnapshotInfo.class, made);
        } else {
            out().line(Objects.requireNonNullElse(made.name(), made.id()));
        }
        return 0;
    }
}
