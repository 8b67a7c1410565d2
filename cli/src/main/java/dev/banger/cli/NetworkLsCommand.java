package dev.banger.cli;

import dev.banger.api.NetworkInfo;
import io.avaje.jsonb.Types;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        aliases = "list",
        description = {"List all networks.", ""},
        footer = {"", "Example: banger network ls"})
final class NetworkLsCommand extends Leaf {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print names only.")
    private boolean quiet;

    NetworkLsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<NetworkInfo> networks = api().networks();
        if (json) {
            out().json(Types.listOf(NetworkInfo.class), networks);
        } else if (quiet) {
            networks.forEach(network -> out().line(network.name()));
        } else {
            out().table(
                            List.of("NAME", "SUBNET", "VMS SEE EACH OTHER", "VMS"),
                            networks.stream().map(NetworkLsCommand::row).toList());
        }
        return 0;
    }

    private static List<String> row(NetworkInfo network) {
        return List.of(
                network.name(),
                Objects.requireNonNullElse(network.subnet(), "-"),
                network.peers() ? "yes" : "no",
                Integer.toString(network.vms().size()));
    }
}
