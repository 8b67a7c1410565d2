package dev.banger.cli;

import dev.banger.api.PinnedAddress;
import dev.banger.api.StageTiming;
import dev.banger.api.VmInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "show",
        description = {"Show all about a VM.", ""})
final class VmShowCommand extends Leaf {
    @Parameters(paramLabel = "VM", description = "Name or id.")
    private String vm = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    VmShowCommand(Session session) {
        super(session);
    }

    @Override
    public Integer call() {
        VmInfo info = api().vm(vm);
        if (json) {
            out().json(VmInfo.class, info);
            return 0;
        }
        List<List<String>> facts = new ArrayList<>(List.of(
                List.of("name", info.name()),
                List.of("id", info.id()),
                List.of("state", info.state().toString()),
                List.of("vmm", vmm(info)),
                List.of("pid", info.pid() == null ? "-" : info.pid().toString()),
                List.of("up", Ages.since(info.startedAt())),
                List.of("address", info.address() + ", ssh on port " + (info.sshPort() == 0 ? "-" : info.sshPort())),
                List.of("published", info.ports().isEmpty() ? "-" : Ports.show(info.ports())),
                List.of("network", network(info)),
                List.of("image", info.image()),
                List.of("kernel", info.kernel()),
                List.of("cpus", Integer.toString(info.cpus())),
                List.of("memory", info.memoryMiB() + " MiB"),
                List.of(
                        "work disk",
                        Sizes.show(info.diskBytes()) + " at /root; all disks take up "
                                + Sizes.show(info.diskUsedBytes()) + " here"),
                List.of("directory", info.directory()),
                List.of("created", info.createdAt().toString())));
        if (info.project() != null) {
            facts.add(List.of("project", Neutral.line(info.project())));
        }
        if (info.nested()) {
            facts.add(List.of("nested", "it can run VMs itself"));
        }
        if (!info.pinned().isEmpty()) {
            facts.add(List.of("may reach", pinned(info.pinned())));
        }
        if (info.startedFrom() != null) {
            facts.add(List.of("started from", info.startedFrom()));
        }
        if (info.idlePauseSeconds() > 0) {
            facts.add(List.of("idle pause", "after " + Durations.show(info.idlePauseSeconds())));
        }
        if (info.lastError() != null) {
            facts.add(List.of("last error", Neutral.line(info.lastError())));
        }
        for (StageTiming stage : info.lastStart()) {
            facts.add(List.of("start: " + Neutral.line(stage.stage()), stage.millis() + " ms"));
        }
        out().facts(facts);
        return 0;
    }

    private static String network(VmInfo info) {
        if (info.network().equals("user")) {
            return "user";
        }
        String nat = info.allowHosts().isEmpty() ? "NAT" : "NAT to " + String.join(", ", info.allowHosts());
        return info.network() + ", " + (info.nat() ? nat : "nothing beyond the host")
                + (info.netRate() == 0 ? "" : "; at most " + Rates.show(info.netRate()) + " each way")
                + (info.denied() == 0 ? "" : "; " + info.denied() + " packets denied");
    }

    /** By name: {@code example.org 192.0.2.7 192.0.2.8, a.example.org 192.0.2.9}. */
    private static String pinned(List<PinnedAddress> pinned) {
        Map<String, String> byName = new TreeMap<>();
        pinned.forEach(each -> byName.merge(each.name(), each.address(), (all, one) -> all + " " + one));
        return byName.entrySet().stream()
                .map(each -> Neutral.line(each.getKey()) + " " + each.getValue())
                .collect(Collectors.joining(", "));
    }

    private static String vmm(VmInfo info) {
        boolean anyOfBoth = info.vmm().equals("auto") && info.acceleration().equals("auto");
        return anyOfBoth ? "auto" : info.vmm() + ", " + acceleration(info);
    }

    private static String acceleration(VmInfo info) {
        return info.acceleration().equals("tcg")
                ? "tcg: software emulation, several times slower than the CPU"
                : info.acceleration();
    }
}
