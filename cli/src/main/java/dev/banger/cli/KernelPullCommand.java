package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ExportPull;
import dev.banger.api.KernelInfo;
import dev.banger.api.KernelPull;
import dev.banger.api.Operation;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "pull",
        description = {
            "Fetch a kernel; prints its name. One of that name that is there already is kept unless --refresh.",
            "",
            "Of a name the first of the configured catalogs that has it decides, else where banger knows it to come from.",
            "",
            "\"debian\" is the newest of Debian's cloud kernels that the host's release has, and with --refresh becomes the newest",
            "again. A version that is asked for is a kernel of its own, debian-VERSION, which never changes; vm.kernel in",
            "config.toml makes it the one that VMs boot. Versions and suites are Debian's: no catalog is asked for them.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger kernel pull debian --refresh",
            "  banger kernel pull debian --version 6.1.0-47",
            "  banger kernel pull debian --suite bookworm-backports",
            "  banger kernel pull ./kernel.tar --name mine",
            "Next: banger kernel ls --available, banger vm run --kernel NAME."
        })
final class KernelPullCommand extends Leaf {
    @Parameters(
            paramLabel = "KERNEL",
            defaultValue = "debian",
            description = "Which; default: debian. Or an export: ./DIR, ./FILE.tar or URL@sha256:DIGEST.")
    private String kernel = "";

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description =
                    "What to call it; default: KERNEL, with the version or else the suite that is asked for; of an"
                            + " export the last part of where it lies.")
    private @Nullable String name;

    @Option(
            names = "--version",
            paramLabel = "VERSION",
            description = "Which: a release (6.1.0-47) or a version of its package (6.1.170-3); default: the newest.")
    private @Nullable String version;

    @Option(
            names = "--suite",
            paramLabel = "SUITE",
            description = "A suite of Debian's, such as bookworm-backports; default: the host's release.")
    private @Nullable String suite;

    @Option(names = "--refresh", description = "Fetch the newest even if there is one.")
    private boolean refresh;

    @Option(names = "--json", description = "Print the kernel as JSON instead.")
    private boolean json;

    KernelPullCommand(Session session) {
        super(session);
    }

    private Operation<KernelInfo> operation() {
        if (kernel.contains("/")) {
            if (version != null || suite != null) {
                throw BangerException.invalid("an export is one kernel; --version and --suite choose one of Debian's");
            }
            String reference = ImagePullCommand.absolute(console(), kernel);
            return api().pullKernelExport(new ExportPull(reference, name, refresh));
        }
        return api().pullKernel(new KernelPull(kernel, name, suite, version, refresh));
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
