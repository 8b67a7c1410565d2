package dev.banger.cli;

import dev.banger.api.VmInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "restore",
        description = {
            "Make a VM what it was; prints its name. What it did since then is lost unless another snapshot has it.",
            ""
        },
        footer = {"", "Example: banger vm snapshot restore dev before-upgrade"})
final class VmSnapshotRestoreCommand extends Leaf {
    @Parameters(index = "0", paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Parameters(index = "1", paramLabel = "NAME", description = "The snapshot's.")
    private String name = "";

    @Option(names = "--json", description = "Print the VM as JSON instead.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    VmSnapshotRestoreCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        VmInfo restored = new ProgressView(session(), quiet).follow(api().restoreSnapshot(vm, name));
        if (json) {
            out().json(VmInfo.class, restored);
        } else {
            out().line(restored.name());
        }
        return 0;
    }
}
