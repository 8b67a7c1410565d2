package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "start",
        description = {"Start the daemon if none runs. Every other command does so too.", ""})
final class DaemonStartCommand extends Leaf {
    DaemonStartCommand(Session session) {
        super(session);
    }

    /** The client has started the daemon before it could pass this on. */
    @Override
    public Integer call() {
        out().line("bangerd is running as pid " + api().daemon().pid());
        return 0;
    }
}
