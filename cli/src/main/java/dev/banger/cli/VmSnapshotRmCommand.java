package dev.banger.cli;

import dev.banger.api.BangerException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        aliases = "delete",
        description = {"Delete snapshots that nothing else is based on; prints their names.", ""},
        footer = {"", "Example: banger vm snapshot rm dev before-upgrade"})
final class VmSnapshotRmCommand extends Leaf {
    @Parameters(index = "0", paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Parameters(index = "1..*", paramLabel = "NAME", arity = "1..*", description = "Those of the snapshots.")
    private List<String> names = List.of();

    VmSnapshotRmCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        int worst = 0;
        for (String name : names) {
            try {
                api().deleteSnapshot(vm, name);
                out().line(name);
            } catch (BangerException e) {
                worst = failed(e);
            }
        }
        return worst;
    }
}
