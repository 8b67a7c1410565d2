package dev.banger.cli;

import picocli.CommandLine.Command;

@Command(
        name = "uninstall",
        description = {
            "Stop the service and remove its unit. VMs run on; the next command starts the daemon as before.",
            ""
        })
final class SystemUninstallCommand extends ClientsOwn {
    SystemUninstallCommand(Session session) {
        super(session);
    }
}
