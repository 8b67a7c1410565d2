package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.KernelInfo;
import dev.banger.api.KernelVersion;
import io.avaje.jsonb.Types;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        aliases = "list",
        description = {"List all kernels, or with --available those that \"kernel pull\" could fetch.", ""})
final class KernelLsCommand extends Leaf {
    @Option(names = "--available", description = "List Debian's cloud kernels, newest first; takes some seconds.")
    private boolean available;

    @Option(
            names = "--suite",
            paramLabel = "SUITE",
            description = "With --available: of a suite such as bookworm-backports; default: of the host's release.")
    private @Nullable String suite;

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
        if (available) {
            listAvailable();
            return 0;
        }
        if (suite != null) {
            throw BangerException.invalid("--suite belongs to --available");
        }
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

    private void listAvailable() {
        List<KernelVersion> versions = api().kernelVersions(suite);
        if (json) {
            out().json(Types.listOf(KernelVersion.class), versions);
        } else if (quiet) {
            versions.forEach(version -> out().line(version.release()));
        } else {
            out().table(
                            List.of("RELEASE", "PACKAGE", "DOWNLOAD", ""),
                            versions.stream()
                                    .map(version -> List.of(
                                            version.release(),
                                            version.packageVersion(),
                                            Sizes.show(version.downloadBytes()),
                                            version.usual() ? "usual" : ""))
                                    .toList());
        }
    }
}
