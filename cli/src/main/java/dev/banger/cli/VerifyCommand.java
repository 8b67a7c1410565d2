package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "verify",
        description = {
            "Try this host with a VM: boot it, use it, delete it, and look for what is left.",
            "",
            "doctor looks and changes nothing; this shows that it works. The VM is called",
            "verify-... and is deleted whatever happens. With --nat it is at a bridge, and",
            "the way beyond the host is tried as well: by root in a network namespace of its own,",
            "where that can be had, with a daemon of its own and an uplink to nowhere, so that",
            "nothing of the host's network is touched. --host-network and --reach try the host's.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  banger verify",
            "  sudo banger verify --nat",
            "  sudo banger verify --nat --host-network",
            "  sudo banger verify --nat --reach 192.0.2.1:443 --vmm firecracker",
            "",
            "Exit status: 0, or 1 when a step failed."
        })
final class VerifyCommand extends Leaf {
    @Option(names = "--nat", description = "Try NAT, too: the rules, and that the guest gets out while they are there.")
    private boolean nat;

    @Option(
            names = "--reach",
            paramLabel = "ADDRESS:PORT",
            description = "What the guest is to reach through NAT; default: port 53 of the gateway.")
    private @Nullable String reach;

    @Option(names = "--host-network", description = "With --nat: use the host's own network in any case.")
    private boolean hostNetwork;

    @Option(names = "--image", paramLabel = "NAME", description = "What the VM is made from, as for vm run.")
    private @Nullable String image;

    @Option(names = "--vmm", paramLabel = "NAME", description = "What runs the VM, as for vm run; default: auto.")
    private @Nullable String vmm;

    @Option(names = "--json", description = "Print JSON, as doctor does.")
    private boolean json;

    VerifyCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        if (reach != null && !nat) {
            throw BangerException.invalid("--reach is what the guest reaches through NAT; add --nat");
        }
        if (nat && !hostNetwork && reach == null) {
            Optional<List<String>> isolated =
                    VerifyNamespace.command(session(), image == null ? "debian" : image, options());
            if (isolated.isPresent()) {
                console().become(isolated.get(), Map.of());
                return 0;
            }
            out().notice("a network namespace of its own cannot be had here; this is the host's network");
        }
        String name =
                "verify-" + Integer.toHexString(ThreadLocalRandom.current().nextInt(0x10000, 0x100000));
        DoctorReport report = new Verification(
                        session(),
                        new ClientProcess(console().environment()),
                        name,
                        new Verification.Wish(image, vmm, nat, reach == null ? null : Verification.Target.parse(reach)),
                        check -> {
                            if (!json) {
                                DoctorCommand.print(out(), check);
                            }
                        })
                .run();
        if (json) {
            out().json(DoctorReport.class, report);
        }
        return report.failed() ? 1 : 0;
    }

    private List<String> options() {
        List<String> options = new ArrayList<>(List.of("--nat"));
        if (image != null) {
            options.addAll(List.of("--image", image));
        }
        if (vmm != null) {
            options.addAll(List.of("--vmm", vmm));
        }
        if (json) {
            options.add("--json");
        }
        return options;
    }
}
