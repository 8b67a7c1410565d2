package dev.banger.cli;

import dev.banger.api.KernelInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "pull",
        description = {"Fetch a kernel; prints its name. One that is there already is kept unless --refresh.", ""})
final class KernelPullCommand extends Leaf {
    @Parameters(paramLabel = "KERNEL", defaultValue = "debian", description = "Which; default: debian.")
    private String kernel = "";

    @Option(names = "--refresh", description = "Fetch the newest even if there is one.")
    private boolean refresh;

    @Option(names = "--json", description = "Print the kernel as JSON instead.")
    private boolean json;

    KernelPullCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        KernelInfo pulled = new ProgressView(session(), false).follow(api().pullKernel(kernel, refresh));
        if (json) {
            out().json(KernelInfo.class, pulled);
        } else {
            out().line(pulled.name());
        }
        return 0;
    }
}
