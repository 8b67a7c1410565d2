package dev.banger.daemon;

import dev.banger.api.BangerApi;
import dev.banger.api.DaemonInfo;
import dev.banger.api.OperationInfo;
import dev.banger.api.VmInfo;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

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
        denied(out, api.vms());
        return out.toString();
    }

    /** Of running VMs at a bridge; of others it is not known. */
    private static void denied(StringBuilder out, List<VmInfo> vms) {
        out.append("# HELP banger_vm_denied_packets_total Packets that a VM sent beyond the host and that were not let")
                .append(" through.\n# TYPE banger_vm_denied_packets_total counter\n");
        vms.stream()
                .filter(vm -> vm.network().equals("bridge") && vm.pid() != null)
                .forEach(vm -> out.append("banger_vm_denied_packets_total{id=\"")
                        .append(vm.id())
                        .append("\",name=\"")
                        .append(vm.name())
                        .append("\"} ")
                        .append(vm.denied())
                        .append('\n'));
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
