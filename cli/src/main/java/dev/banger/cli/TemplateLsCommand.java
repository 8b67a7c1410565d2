package dev.banger.cli;

import dev.banger.api.TemplateInfo;
import io.avaje.jsonb.Types;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        aliases = "list",
        description = {"List all templates. VMs start only from those that are current.", ""},
        footer = {"", "Example: banger template ls"})
final class TemplateLsCommand extends Leaf {
    /** As many digits as a VM's id has. */
    private static final int SHOWN_DIGITS = 12;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print ids only.")
    private boolean quiet;

    TemplateLsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<TemplateInfo> templates = api().templates();
        if (json) {
            out().json(Types.listOf(TemplateInfo.class), templates);
        } else if (quiet) {
            templates.forEach(template -> out().line(template.id()));
        } else {
            out().table(
                            List.of("ID", "IMAGE", "KERNEL", "CPUS", "MEMORY", "SIZE", "AGE", "CURRENT"),
                            templates.stream().map(TemplateLsCommand::row).toList());
        }
        return 0;
    }

    private static List<String> row(TemplateInfo template) {
        return List.of(
                template.id().substring(0, Math.min(SHOWN_DIGITS, template.id().length())),
                template.image(),
                template.kernel(),
                Integer.toString(template.cpus()),
                template.memoryMiB() + " MiB",
                Sizes.show(template.diskBytes()),
                Ages.since(template.createdAt()),
                template.current() ? "yes" : "no");
    }
}
