package dev.banger.daemon;

import dev.banger.api.BangerApi;
import dev.banger.api.DaemonInfo;
import dev.banger.api.NetworkUsage;
import dev.banger.api.OperationInfo;
import dev.banger.api.VmInfo;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The daemon's numbers in Prometheus's text format. */
final class Metrics {
    private Metrics() {}

    static String text(BangerApi api) {
        DaemonInfo daemon = api.daemon();
        Map<String, Long> operations = new TreeMap<>();
        for (OperationInfo operation : api.operations()) {
            String labels = "{kind=\"" + operation.kind() + "\",state=\""
                    + operation.state().toString() + "\"}";
            operations.merge(labels, 1L, Long::sum);
        }
        StringBuilder out = new StringBuilder();
        gauge(out, "banger_vms", "VMs there are.", daemon.vmsTotal());
        gauge(out, "banger_vms_running", "VMs that run.", daemon.vmsRunning());
        gauge(out, "banger_daemon_resident_bytes", "Resident memory of the daemon.", daemon.residentBytes());
        gauge(out, "banger_prepared_vms", "VMs restored ahead of need.", daemon.preparedVms());
        gauge(out, "banger_prepared_bytes", "Proportional memory of those.", daemon.preparedBytes());
        out.append("# HELP banger_operations Operations the daemon remembers.\n# TYPE banger_operations gauge\n");
        operations.forEach((labels, count) -> out.append("banger_operations")
                .append(labels)
                .append(' ')
                .append(count)
                .append('\n'));
        network(out, api.vms());
        return out.toString();
    }

    /** Of running VMs at a bridge; of others it is not known. */
    private static void network(StringBuilder out, List<VmInfo> vms) {
        counter(
                out,
                "denied_packets",
                "Packets that a VM sent beyond the host and that were not let through.",
                vms,
                vm -> {
                    return vm.traffic() == null ? null : Long.valueOf(vm.denied());
                });
        traffic(out, "received_bytes", "Bytes that a VM got.", vms, NetworkUsage::receivedBytes);
        traffic(out, "received_packets", "Packets that a VM got.", vms, NetworkUsage::receivedPackets);
        traffic(out, "sent_bytes", "Bytes that a VM sent.", vms, NetworkUsage::sentBytes);
        traffic(out, "sent_packets", "Packets that a VM sent.", vms, NetworkUsage::sentPackets);
    }

    private static void traffic(
            StringBuilder out, String name, String help, List<VmInfo> vms, ToLongFunction<NetworkUsage> value) {
        counter(out, name, help, vms, vm -> {
            NetworkUsage traffic = vm.traffic();
            return traffic == null ? null : Long.valueOf(value.applyAsLong(traffic));
        });
    }

    private static void counter(
            StringBuilder out, String name, String help, List<VmInfo> vms, Function<VmInfo, @Nullable Long> value) {
        String full = "banger_vm_" + name + "_total";
        out.append("# HELP ")
                .append(full)
                .append(' ')
                .append(help)
                .append("\n# TYPE ")
                .append(full)
                .append(" counter\n");
        for (VmInfo vm : vms) {
            Long count = value.apply(vm);
            if (count != null) {
                out.append(full)
                        .append("{id=\"")
                        .append(vm.id())
                        .append("\",name=\"")
                        .append(vm.name())
                        .append("\"} ")
                        .append(count)
                        .append('\n');
            }
        }
    }

    private static void gauge(StringBuilder out, String name, String help, long value) {
        out.append("# HELP ")
                .append(name)
                .append(' ')
                .append(help)
                .append("\n# TYPE ")
                .append(name)
                .append(" gauge\n")
                .append(name)
                .append(' ')
                .append(value)
                .append('\n');
    }
}
