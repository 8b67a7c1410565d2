package dev.banger.cli;

import dev.banger.api.VmFork;
import dev.banger.api.VmInfo;
import io.avaje.jsonb.Types;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "fork",
        description = {
            "Make new VMs of a running one, with all it has in memory and on its disks; prints their names.",
            "",
            "Each has a name, address and keys of its own; its processes go on where the first one's are.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger vm fork dev experiment",
            "  banger vm fork dev worker -n 3      # worker-1, worker-2, worker-3",
            "Next: banger vm exec NEW -- COMMAND, banger vm delete NEW."
        })
final class VmForkCommand extends Leaf {
    @Parameters(index = "0", paramLabel = "VM", description = "Name or id of the one that runs.")
    private String vm = "";

    @Parameters(
            index = "1",
            paramLabel = "NEW",
            arity = "0..1",
            description = "The new one's name; of several NEW-1, NEW-2, ...; made up without it.")
    private @Nullable String name;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "COUNT",
            description = "How many; default: 1.")
    private int count = 1;

    @Option(names = "--json", description = "Print the new VMs as JSON instead.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    VmForkCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<VmInfo> made = new ProgressView(session(), quiet).follow(api().forkVm(vm, new VmFork(name, count)));
        if (json) {
            out().json(Types.listOf(VmInfo.class), made);
        } else {
            made.forEach(each -> out().line(each.name()));
        }
        return 0;
    }
}
