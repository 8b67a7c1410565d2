package dev.banger.cli;

import dev.banger.api.VmInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "create",
        description = {"Make a VM that stays, and start it; prints its name.", ""},
        footer = {
            "",
            "Example: banger vm create --name dev --memory 1G --publish 8080:80",
            "Next: banger vm exec NAME -- COMMAND, banger vm ssh NAME, banger vm show NAME."
        })
final class VmCreateCommand extends Leaf {
    @Mixin
    private final VmOptions vm = new VmOptions();

    @Option(names = "--no-start", description = "Leave it stopped.")
    private boolean noStart;

    @Option(names = "--json", description = "Print the VM as JSON instead.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress.")
    private boolean quiet;

    VmCreateCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        VmInfo made = new ProgressView(session(), quiet).follow(api().createVm(vm.request(session(), !noStart, false)));
        if (json) {
            out().json(VmInfo.class, made);
        } else {
            out().line(made.name());
        }
        return 0;
    }
}
