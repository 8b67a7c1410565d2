package dev.banger.cli;

import dev.banger.api.BangerException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        aliases = "delete",
        description = {"Delete templates; the next VM of that make boots.", ""},
        footer = {"", "Example: banger template rm 3f2a"})
final class TemplateRmCommand extends Leaf {
    @Parameters(paramLabel = "TEMPLATE", arity = "1..*", description = "Ids, or prefixes that no other one has.")
    private List<String> templates = List.of();

    TemplateRmCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        int worst = 0;
        for (String template : templates) {
            try {
                api().deleteTemplate(template);
                out().line(template);
            } catch (BangerException e) {
                worst = failed(e);
            }
        }
        return worst;
    }
}
