package dev.banger.cli;

import dev.banger.api.NetworkInfo;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "show",
        description = {"Show all about a network.", ""},
        footer = {"", "Example: banger network show bridge"})
final class NetworkShowCommand extends Leaf {
    @Parameters(paramLabel = "NAME", description = "A network.")
    private String name = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    NetworkShowCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        NetworkInfo network = api().network(name);
        if (json) {
            out().json(NetworkInfo.class, network);
        } else {
            out().facts(List.of(
                    List.of("name", network.name()),
                    List.of("subnet", Objects.requireNonNullElse(network.subnet(), "-")),
                    List.of("gateway, dns", Objects.requireNonNullElse(network.gateway(), "-")),
                    List.of("bridge", Objects.requireNonNullElse(network.bridge(), "-")),
                    List.of("vms see each other", network.peers() ? "yes" : "no"),
                    List.of("vms", network.vms().isEmpty() ? "-" : String.join(", ", network.vms()))));
        }
        return 0;
    }
}
