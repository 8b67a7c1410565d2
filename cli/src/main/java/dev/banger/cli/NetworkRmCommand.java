package dev.banger.cli;

import dev.banger.api.BangerException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        aliases = "delete",
        description = {"Delete networks that no VM is in.", ""},
        footer = {"", "Example: banger network rm backend"})
final class NetworkRmCommand extends Leaf {
    @Parameters(paramLabel = "NAME", arity = "1..*", description = "Networks that were made with create.")
    private List<String> names = List.of();

    NetworkRmCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        int worst = 0;
        for (String name : names) {
            try {
                api().deleteNetwork(name);
                out().line(name);
            } catch (BangerException e) {
                worst = failed(e);
            }
        }
        return worst;
    }
}
