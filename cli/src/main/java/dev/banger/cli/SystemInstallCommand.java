package dev.banger.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "install",
        description = {
            "Make the daemon a service, start it, and let it start with the host. One that runs already makes way; VMs run on.",
            "",
            "The unit is bangerd.service, in /etc/systemd/system or ~/.config/systemd/user; it names this installation and the",
            "places of now (BANGER_HOME, XDG_*). Again, after one of these changed: the unit is written anew.",
            ""
        })
final class SystemInstallCommand extends ClientsOwn {
    @Option(names = "--print", description = "Show the unit and change nothing.")
    private boolean print;

    SystemInstallCommand(Session session) {
        super(session);
    }
}
