package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.PublishedPort;
import dev.banger.api.VmInfo;
import dev.banger.api.VmSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "set",
        description = {
            "Change what a VM is, while it is stopped, for its next start; while it runs --disk-size, --idle-pause, --net-rate",
            "and what it may reach.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger vm set dev --disk-size 20G",
            "  banger vm stop dev && banger vm set dev --memory 2G && banger vm start dev"
        })
final class VmSetCommand extends Leaf {
    @Parameters(paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Option(names = "--cpus", paramLabel = "N", description = "Virtual CPUs.")
    private @Nullable Integer cpus;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Sizes.MiB.class,
            description = "Memory, such as 2G; a number alone is MiB.")
    private @Nullable Long memoryMiB;

    @Option(
            names = "--disk-size",
            paramLabel = "SIZE",
            converter = Sizes.Bytes.class,
            description = "Size of the work disk; it can grow, also while the VM runs, but not shrink.")
    private @Nullable Long diskBytes;

    @Option(names = "--kernel", paramLabel = "KERNEL", description = "The kernel it boots.")
    private @Nullable String kernel;

    @Option(
            names = "--idle-pause",
            paramLabel = "DURATION",
            converter = Durations.class,
            description =
                    "Pause it when it has been idle for so long, such as 10m; 0: never. May change while it runs.")
    private @Nullable Long idlePauseSeconds;

    @Option(
            names = "--publish",
            paramLabel = "[ADDRESS:]HOST:GUEST",
            converter = Ports.Converter.class,
            description = "A published port; all those given replace all there were. May be repeated.")
    private @Nullable List<PublishedPort> ports;

    @Option(names = "--publish-none", description = "Publish no ports any more.")
    private boolean noPorts;

    @Option(names = "--nat", description = "Let a bridged VM reach beyond the host. May change while it runs.")
    private boolean nat;

    @Option(names = "--no-nat", description = "Let it reach nothing beyond the host. May change while it runs.")
    private boolean noNat;

    @Option(
            names = "--allow-host",
            paramLabel = "NAME|ADDRESS[/PREFIX][:PORT]",
            description = "NAT to this alone; all those given replace all there were. May change while it runs.")
    private @Nullable List<String> allowHosts;

    @Option(
            names = "--net-rate",
            paramLabel = "RATE",
            converter = Rates.class,
            description = "Limit what a bridged VM sends and gets, such as 10mbit, or none. May change while it runs.")
    private @Nullable Long netRate;

    VmSetCommand(Session session) {
        super(session);
    }

    /** Whatever is allowed, --nat alone allows everything. */
    private @Nullable Boolean nat() {
        return noNat ? Boolean.FALSE : nat || allowHosts != null ? Boolean.TRUE : null;
    }

    @Override
    public Integer call() {
        if (noPorts && ports != null) {
            throw BangerException.invalid("--publish and --publish-none exclude each other");
        }
        if (noNat && (nat || allowHosts != null)) {
            throw BangerException.invalid("--no-nat excludes --nat and --allow-host");
        }
        List<PublishedPort> published = noPorts ? List.of() : ports;
        if (cpus == null
                && memoryMiB == null
                && diskBytes == null
                && kernel == null
                && idlePauseSeconds == null
                && nat() == null
                && netRate == null
                && published == null) {
            throw BangerException.invalid("say what to change, such as --memory 2G; \"banger vm set --help\" lists it");
        }
        VmInfo changed = new ProgressView(session(), false)
                .follow(api().setVm(
                                vm,
                                new VmSet(
                                        cpus,
                                        memoryMiB,
                                        diskBytes,
                                        kernel,
                                        idlePauseSeconds,
                                        published,
                                        nat(),
                                        nat && allowHosts == null ? List.of() : allowHosts,
                                        netRate)));
        out().line(changed.name());
        return 0;
    }
}
