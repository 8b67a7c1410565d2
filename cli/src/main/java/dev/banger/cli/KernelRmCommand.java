package dev.banger.cli;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        aliases = "delete",
        description = {"Delete kernels that no VM needs.", ""})
final class KernelRmCommand extends Leaf {
    @Parameters(paramLabel = "KERNEL", arity = "1..*", description = "Names.")
    private List<String> kernels = List.of();

    KernelRmCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        for (String kernel : kernels) {
            api().deleteKernel(kernel);
            out().line(kernel);
        }
        return 0;
    }
}
