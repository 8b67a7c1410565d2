package dev.banger.cli;

import dev.banger.api.BangerException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        aliases = "delete",
        description = {
            "Delete kernels that no VM needs.",
            "",
            "Templates with a kernel and VMs that are prepared with it go with it. One that VMs, or the",
            "memory of snapshots, need is kept, and they are named.",
            ""
        })
final class KernelRmCommand extends Leaf {
    @Parameters(paramLabel = "KERNEL", arity = "1..*", description = "Names.")
    private List<String> kernels = List.of();

    KernelRmCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        int worst = 0;
        for (String kernel : kernels) {
            try {
                api().deleteKernel(kernel);
                out().line(kernel);
            } catch (BangerException e) {
                out().error(String.valueOf(e.getMessage()));
                worst = e.code().exitCode();
            }
        }
        return worst;
    }
}
