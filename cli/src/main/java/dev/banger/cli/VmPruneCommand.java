package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.VmInfo;
import dev.banger.api.VmState;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "prune",
        description = {
            "Delete every stopped VM with its disks. Asks first on a terminal; --yes is needed without one.",
            ""
        })
final class VmPruneCommand extends Leaf {
    @Option(
            names = {"-y", "--yes"},
            description = "Do not ask.")
    private boolean yes;

    VmPruneCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<VmInfo> stopped =
                api().vms().stream().filter(vm -> vm.state() == VmState.STOPPED).toList();
        String names = stopped.stream().map(VmInfo::name).collect(Collectors.joining(", "));
        if (stopped.isEmpty()) {
            out().notice("no VM is stopped; nothing to delete");
            return 0;
        }
        if (!yes && !new Question(session()).ask("delete " + names + " with all their data?")) {
            throw BangerException.invalid("nothing was deleted; --yes deletes without asking");
        }
        List<VmInfo> deleted = new ProgressView(session(), false)
                .follow(api().pruneVms(stopped.stream().map(VmInfo::id).toList()));
        deleted.forEach(vm -> out().line(vm.name()));
        return 0;
    }
}
