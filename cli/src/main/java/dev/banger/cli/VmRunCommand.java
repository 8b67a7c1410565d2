package dev.banger.cli;

import dev.banger.api.ExecSession;
import dev.banger.api.VmInfo;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "run",
        description = {
            "Make a VM, start it, and run a command in it; without a command, what the image is made for, or else a shell.",
            "",
            "Kernel and image are fetched and built by the first run. The exit status is the command's.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger vm run --rm -- uname -a",
            "  banger vm run --name dev            # a shell; the VM stays",
            "  tar c . | banger vm run --rm -- sh -c 'tar x && make test'",
            "Next: banger vm exec NAME -- COMMAND, banger vm ls, banger vm delete NAME."
        })
final class VmRunCommand extends Leaf {
    @Mixin
    private final VmOptions vm = new VmOptions();

    @Option(names = "--rm", description = "Delete the VM when the command has ended, however it ended.")
    private boolean remove;

    @Mixin
    private final ExecOptions exec = new ExecOptions();

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress and no reminder.")
    private boolean quiet;

    @Parameters(
            paramLabel = "-- COMMAND",
            arity = "0..*",
            description =
                    "What to run, in place of all of the image's entrypoint and command; nothing: those, or else a login shell.")
    private List<String> command = List.of();

    VmRunCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        exec.terminal(console()); // refuse contradicting options before anything is made
        VmInfo made = new ProgressView(session(), quiet).follow(api().createVm(vm.request(session(), true, remove)));
        try {
            ExecSession program = api().exec(made.id(), exec.request(BangerCli.guestCommand(command), console()));
            int status = new Attachment(console()).join(program, exec.terminal(console()));
            if (!remove && !quiet && console().stderrIsTerminal()) {
                out().notice(made.name() + " is still running; \"banger vm exec " + made.name()
                        + " -- COMMAND\" runs more in it, \"banger vm delete " + made.name() + "\" deletes it");
            }
            return status;
        } finally {
            if (remove) {
                delete(made);
            }
        }
    }
}
