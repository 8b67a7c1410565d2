package dev.banger.cli;

import dev.banger.api.NetworkCreate;
import dev.banger.api.NetworkInfo;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "create",
        description = {
            "Make a network whose VMs see each other and resolve each other's names; prints its name.",
            "",
            "It takes a daemon that runs as root. Nothing is changed on the host before a VM starts in it.",
            ""
        },
        footer = {"", "Next: banger vm create --name web --network NAME"})
final class NetworkCreateCommand extends Leaf {
    @Parameters(paramLabel = "NAME", description = "What it is called.")
    private String name = "";

    @Option(
            names = "--subnet",
            paramLabel = "ADDRESS/PREFIX",
            description = "Its subnet, such as 10.20.0.0/24; default: one that is free.")
    private @Nullable String subnet;

    @Option(names = "--json", description = "Print the network as JSON instead.")
    private boolean json;

    NetworkCreateCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        NetworkInfo made = api().createNetwork(new NetworkCreate(name, subnet));
        if (json) {
            out().json(NetworkInfo.class, made);
        } else {
            out().line(made.name());
        }
        return 0;
    }
}
