package dev.banger.cli;

import dev.banger.api.KernelInfo;
import io.avaje.jsonb.Types;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        aliases = "list",
        description = {"List all kernels.", ""})
final class KernelLsCommand extends Leaf {
    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print names only.")
    private boolean quiet;

    KernelLsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<KernelInfo> kernels = api().kernels();
        if (json) {
            out().json(Types.listOf(KernelInfo.class), kernels);
        } else if (quiet) {
            kernels.forEach(kernel -> out().line(kernel.name()));
        } else {
            out().table(
                            List.of("NAME", "VERSION", "SIZE", "SOURCE", "AGE", "VMS"),
                            kernels.stream()
                                    .map(kernel -> List.of(
                                            kernel.name(),
                                            kernel.version(),
                                            Sizes.show(kernel.diskBytes()),
                                            kernel.source(),
                                            Ages.since(kernel.createdAt()),
                                            Integer.toString(kernel.usedBy().size())))
                                    .toList());
        }
        return 0;
    }
}
