package dev.banger.cli;

import dev.banger.api.TemplateInfo;
import java.util.List;
import picocli.CommandLine.Command;

@Command(
        name = "prune",
        description = {"Delete the templates that no VM can start from any more; prints their ids.", ""},
        footer = {"", "Example: banger template prune"})
final class TemplatePruneCommand extends Leaf {
    TemplatePruneCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<TemplateInfo> deleted = api().pruneTemplates();
        if (deleted.isEmpty()) {
            out().notice("every template is current; nothing to delete");
        }
        deleted.forEach(template -> out().line(template.id()));
        return 0;
    }
}
