package dev.banger.cli;

import dev.banger.api.KernelInfo;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "show",
        description = {"Show all about a kernel.", ""})
final class KernelShowCommand extends Leaf {
    @Parameters(paramLabel = "KERNEL", description = "Its name.")
    private String kernel = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    KernelShowCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        KernelInfo info = api().kernel(kernel);
        if (json) {
            out().json(KernelInfo.class, info);
        } else {
            out().facts(List.of(
                    List.of("name", info.name()),
                    List.of("version", info.version()),
                    List.of("source", info.source()),
                    List.of("digest", info.digest()),
                    List.of("takes up", Sizes.show(info.diskBytes())),
                    List.of("created", info.createdAt().toString()),
                    List.of("directory", info.directory()),
                    List.of("used by", info.usedBy().isEmpty() ? "-" : String.join(", ", info.usedBy()))));
        }
        return 0;
    }
}
