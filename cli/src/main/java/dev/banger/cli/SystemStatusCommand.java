package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "status",
        description = {"Show the service as systemctl does. Exit status 3 when it does not run.", ""})
final class SystemStatusCommand extends ClientsOwn {
    SystemStatusCommand(Session session) {
        super(session);
    }
}
