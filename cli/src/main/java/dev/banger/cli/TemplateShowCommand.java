package dev.banger.cli;

import dev.banger.api.TemplateInfo;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "show",
        description = {"Show all about a template.", ""},
        footer = {"", "Example: banger template show 3f2a"})
final class TemplateShowCommand extends Leaf {
    @Parameters(paramLabel = "TEMPLATE", description = "Its id, or a prefix that no other one has.")
    private String template = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    TemplateShowCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        TemplateInfo info = api().template(template);
        if (json) {
            out().json(TemplateInfo.class, info);
        } else {
            out().facts(List.of(
                    List.of("id", info.id()),
                    List.of("image", info.image()),
                    List.of("kernel", info.kernel()),
                    List.of("vmm", info.vmm() + ", " + info.acceleration()),
                    List.of("cpu model", info.cpuModel()),
                    List.of("cpus", Integer.toString(info.cpus())),
                    List.of("memory", info.memoryMiB() + " MiB"),
                    List.of("takes up", Sizes.show(info.diskBytes())),
                    List.of("created", info.createdAt().toString()),
                    List.of("directory", info.directory()),
                    List.of("current", info.current() ? "yes" : "no: image, kernel or agent were replaced")));
        }
        return 0;
    }
}
