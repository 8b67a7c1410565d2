package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.DaemonInfo;
import dev.banger.api.NetworkUsage;
import dev.banger.api.VmInfo;
import dev.banger.api.VmState;
import dev.banger.api.VmStats;
import io.avaje.jsonb.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "stats",
        description = {
            "Show load, memory and disk of running VMs; all of them without a name, and what is prepared ahead of need.",
            "",
            "VMM MEMORY is what a VM's process takes up, VMM PSS the same with each page divided by how many processes",
            "share it: VMs of one template share most. NET is what a VM at a bridge got and sent since it was started.",
            ""
        })
final class VmStatsCommand extends Leaf {
    @Parameters(paramLabel = "VM", arity = "0..*", description = "Names or ids.")
    private List<String> vms = List.of();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    VmStatsCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        List<String> wanted = vms.isEmpty()
                ? api().vms().stream()
                        .filter(vm -> vm.state() == VmState.RUNNING)
                        .map(VmInfo::id)
                        .toList()
                : vms;
        int worst = 0;
        List<VmStats> all = new ArrayList<>();
        for (String ref : wanted) {
            try {
                all.add(api().stats(ref));
            } catch (BangerException e) {
                out().error(String.valueOf(e.getMessage()));
                worst = e.code().exitCode();
            }
        }
        if (json) {
            out().json(Types.listOf(VmStats.class), all);
        } else if (!all.isEmpty() || worst == 0) {
            out().table(
                            List.of(
                                    "NAME",
                                    "UP",
                                    "LOAD",
                                    "MEMORY",
                                    "DISK /",
                                    "DISK /root",
                                    "PROCS",
                                    "VMM MEMORY",
                                    "VMM PSS",
                                    "VMM CPU",
                                    "NET IN",
                                    "NET OUT"),
                            all.stream().map(VmStatsCommand::row).toList());
            if (vms.isEmpty()) {
                prepared(api().daemon());
            }
        }
        return worst;
    }

    private void prepared(DaemonInfo daemon) {
        if (daemon.preparedVms() > 0) {
            out().line("prepared ahead of need: " + daemon.preparedVms() + ", in "
                    + Sizes.show(daemon.preparedBytes()));
        }
    }

    private static List<String> row(VmStats stats) {
        NetworkUsage traffic = stats.traffic();
        return List.of(
                stats.name(),
                Ages.show(Duration.ofMillis(stats.uptimeMillis())),
                String.format(Locale.ROOT, "%.2f", stats.load1()),
                used(stats.memoryTotalBytes(), stats.memoryAvailableBytes()),
                used(stats.rootTotalBytes(), stats.rootAvailableBytes()),
                used(stats.workTotalBytes(), stats.workAvailableBytes()),
                Long.toString(stats.processes()),
                Sizes.show(stats.vmmResidentBytes()),
                Sizes.show(stats.vmmProportionalBytes()),
                Ages.show(Duration.ofMillis(stats.vmmCpuMillis())),
                traffic == null ? "-" : Sizes.show(traffic.receivedBytes()),
                traffic == null ? "-" : Sizes.show(traffic.sentBytes()));
    }

    private static String used(long total, long available) {
        return total == 0 ? "-" : Sizes.show(total - available) + " of " + Sizes.show(total);
    }
}
