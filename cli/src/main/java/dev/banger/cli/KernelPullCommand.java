package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ExportPull;
import dev.banger.api.KernelInfo;
import dev.banger.api.Operation;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "pull",
        description = {
            "Fetch a kernel; prints its name. One that is there already is kept unless --refresh.",
            "",
            "Of a name the first of the configured catalogs that has it decides, else where banger knows it to come from.",
            "",
        })
final class KernelPullCommand extends Leaf {
    @Parameters(
            paramLabel = "KERNEL",
            defaultValue = "debian",
            description = "Which; default: debian. Or an export: ./DIR, ./FILE.tar or URL@sha256:DIGEST.")
    private String kernel = "";

    @Option(names = "--refresh", description = "Fetch the newest even if there is one.")
    private boolean refresh;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "The name of one that is exported; default: the last part of where that lies.")
    private @Nullable String name;

    @Option(names = "--json", description = "Print the kernel as JSON instead.")
    private boolean json;

    KernelPullCommand(Session session) {
        super(session);
    }

    private Operation<KernelInfo> operation() {
        if (kernel.contains("/")) {
            String reference = ImagePullCommand.absolute(console(), kernel);
            return api().pullKernelExport(new ExportPull(reference, name, refresh));
        }
        if (name != null) {
            throw BangerException.invalid("--name is for exports; kernel " + kernel + " has its name");
        }
        return api().pullKernel(kernel, refresh);
    }

    @Override
    public Integer call() {
        KernelInfo pulled = new ProgressView(session(), false).follow(operation());
        if (json) {
            out().json(KernelInfo.class, pulled);
        } else {
            out().line(pulled.name());
        }
        return 0;
    }
}
