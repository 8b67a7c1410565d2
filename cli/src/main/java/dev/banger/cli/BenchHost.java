package dev.banger.cli;

import dev.banger.api.BangerApi;
import dev.banger.api.DoctorReport;
import io.avaje.jsonb.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The machine that was measured: figures of two machines cannot be compared.
 *
 * @param cpuModel as /proc/cpuinfo names it
 * @param cpus how many the daemon may use
 * @param memoryBytes all of it
 * @param os its kernel's release
 * @param kvm whether KVM can be used
 * @param kvmFinding what doctor says of it
 * @param fileSystem type of the one with the state directory
 * @param vmm what ran the VMs, with its version where a template says it; null: no VM ran
 * @param acceleration {@code kvm} or {@code tcg}; null: no VM ran
 * @param network that of the VMs; null: the default
 * @param kernel what the VMs booted; null: the default
 */
@Json
record BenchHost(
        String cpuModel,
        int cpus,
        long memoryBytes,
        String os,
        boolean kvm,
        String kvmFinding,
        String fileSystem,
        @Nullable String vmm,
        @Nullable String acceleration,
        @Nullable String network,
        @Nullable String kernel) {

    static BenchHost of(BangerApi api, ThrowawayVms vms) {
        DoctorReport.Check kvm = api.doctor().checks().stream()
                .filter(check -> check.subject().endsWith("with kvm"))
                .findFirst()
                .orElse(new DoctorReport.Check(DoctorReport.Status.WARN, "kvm", "not examined", ""));
        return new BenchHost(
                procField("/proc/cpuinfo", "model name"),
                Runtime.getRuntime().availableProcessors(),
                kibibytes(procField("/proc/meminfo", "MemTotal")),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                kvm.status() == DoctorReport.Status.PASS,
                kvm.finding(),
                fileSystem(Path.of(api.daemon().stateDirectory())),
                vms.vmm(),
                vms.acceleration(),
                vms.make().network(),
                vms.make().kernel());
    }

    /** The value of the first line {@code NAME : VALUE}; see proc(5). A fact that cannot be had is "unknown". */
    private static String procField(String file, String name) {
        try (Stream<String> lines = Files.lines(Path.of(file))) {
            return lines.filter(line -> line.startsWith(name) && line.contains(":"))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** {@code 2048 kB}, where the unit is 1024 bytes. */
    private static long kibibytes(String value) {
        String digits = value.split(" ", 2)[0];
        return digits.matches("[0-9]{1,15}") ? Long.parseLong(digits) << 10 : 0;
    }

    private static String fileSystem(Path directory) {
        try {
            return Files.getFileStore(directory).type();
        } catch (IOException e) {
            return "unknown";
        }
    }

    boolean sameMachine(BenchHost other) {
        return cpuModel.equals(other.cpuModel) && cpus == other.cpus && kvm == other.kvm;
    }

    List<List<String>> facts() {
        return List.of(
                List.of("cpu", Neutral.line(cpuModel) + ", " + cpus + " usable"),
                List.of("memory", Sizes.show(memoryBytes)),
                List.of("os", os),
                List.of("kvm", kvmFinding),
                List.of("state is on", fileSystem),
                List.of(
                        "vmm",
                        vmm == null
                                ? "no VM ran"
                                : vmm + ", " + acceleration + (network == null ? "" : ", network " + network)
                                        + (kernel == null ? "" : ", kernel " + kernel)));
    }
}
