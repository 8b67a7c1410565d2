package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "restart",
        description = {"Restart the service, as after an upgrade. VMs run on.", ""})
final class SystemRestartCommand extends ClientsOwn {
    SystemRestartCommand(Session session) {
        super(session);
    }
}
