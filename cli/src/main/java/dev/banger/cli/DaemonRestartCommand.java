package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "restart",
        description = {"End the daemon and start it again. VMs run on.", ""})
final class DaemonRestartCommand extends Leaf {
    DaemonRestartCommand(Session session) {
        super(session);
    }

    /** The client has ended the old daemon and started this one before it passed this on. */
    @Override
    public Integer call() {
        out().line("bangerd is running as pid " + api().daemon().pid());
        return 0;
    }
}
