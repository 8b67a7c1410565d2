package dev.banger.cli;

import dev.banger.api.KernelBuild;
import dev.banger.api.KernelInfo;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "build",
        description = {
            "Compile a kernel for sandboxes; prints its name. One of that name that is there already is kept unless --refresh.",
            "",
            "It is made from Debian's kernel source with a configuration of banger's: what VMs, containers and VMs in VMs",
            "need is built in, and nothing else is there. No module is loaded, so it boots faster than Debian's. It takes some",
            "minutes, this host's compiler and 1.5 GB of disk meanwhile.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger kernel build",
            "  banger kernel build --name mine --config more.config    # lines such as CONFIG_XFS_FS=y",
            "Next: banger vm run --kernel sandbox."
        })
final class KernelBuildCommand extends Leaf {
    @Option(names = "--name", paramLabel = "NAME", description = "What to call it; default: sandbox.")
    private String name = "sandbox";

    @Option(
            names = "--suite",
            paramLabel = "SUITE",
            description = "Whose source: a suite of Debian's, such as trixie; default: the host's release.")
    private @Nullable String suite;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Lines of a kernel's configuration that are added to banger's, or go before them.")
    private @Nullable String config;

    @Option(names = "--refresh", description = "Build even if there is one of that name; VMs keep the one they have.")
    private boolean refresh;

    @Option(names = "--json", description = "Print the kernel as JSON instead of its name.")
    private boolean json;

    KernelBuildCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        String file = config == null
                ? null
                : console().directory().resolve(config).normalize().toString();
        KernelInfo built = new ProgressView(session(), false)
                .follow(api().buildKernel(new KernelBuild(name, suite, file, refresh)));
        if (json) {
            out().json(KernelInfo.class, built);
        } else {
            out().line(built.name());
        }
        return 0;
    }
}
