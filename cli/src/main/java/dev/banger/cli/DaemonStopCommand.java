package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "stop",
        description = {"End the daemon. VMs run on; the next command starts it again.", ""})
final class DaemonStopCommand extends Leaf {
    DaemonStopCommand(Session session) {
        super(session);
    }

    /** The native client does this by itself, without passing it on; this is for other callers. */
    @Override
    public Integer call() {
        api().shutdownDaemon();
        return 0;
    }
}
