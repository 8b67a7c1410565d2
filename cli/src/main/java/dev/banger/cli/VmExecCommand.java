package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ExecSession;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "exec",
        description = {
            "Run a command in a running VM; the exit status is the command's.",
            "",
            "The words after -- reach the guest as they are: no shell splits them again.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger vm exec dev -- make test",
            "  banger vm exec dev -- sh -c 'cd /root/app && ./run | tee log'",
            "  banger vm exec -w /root/app -e CI=1 dev -- npm test"
        })
final class VmExecCommand extends Leaf {
    @Mixin
    private final ExecOptions exec = new ExecOptions();

    @Parameters(index = "0", paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Parameters(index = "1..*", paramLabel = "-- COMMAND", arity = "0..*", description = "Program and arguments.")
    private List<String> command = List.of();

    VmExecCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<String> words = BangerCli.guestCommand(command);
        if (words.isEmpty()) {
            throw BangerException.invalid("say what to run: banger vm exec " + vm + " -- COMMAND; \"banger vm ssh " + vm
                    + "\" opens a shell");
        }
        ExecSession session = api().exec(vm, exec.request(words, console()));
        return new Attachment(console()).join(session, exec.terminal(console()));
    }
}
