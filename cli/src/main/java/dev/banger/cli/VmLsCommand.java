package dev.banger.cli;

import dev.banger.api.VmInfo;
import io.avaje.jsonb.Types;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        aliases = "list",
        description = {"List all VMs.", ""})
final class VmLsCommand extends Leaf {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print names only.")
    private boolean quiet;

    VmLsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<VmInfo> vms = api().vms();
        if (json) {
            out().json(Types.listOf(VmInfo.class), vms);
        } else if (quiet) {
            vms.forEach(vm -> out().line(vm.name()));
        } else {
            out().table(
                            List.of("NAME", "STATE", "IMAGE", "CPUS", "MEMORY", "ADDRESS", "PORTS", "UP"),
                            vms.stream()
                                    .map(vm -> List.of(
                                            vm.name(),
                                            vm.state().toString(),
                                            vm.image(),
                                            Integer.toString(vm.cpus()),
                                            vm.memoryMiB() + " MiB",
                                            vm.address(),
                                            Ports.show(vm.ports()),
                                            Ages.since(vm.startedAt())))
                                    .toList());
        }
        return 0;
    }
}
