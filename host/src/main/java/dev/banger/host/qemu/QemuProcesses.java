package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Pidfd;
import dev.banger.host.linux.ProcFs;
import dev.banger.vm.VmmProcesses;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** QEMU processes, found by the marker among their arguments and the directory they work in. */
public final class QemuProcesses implements VmmProcesses {
    @Override
    public Map<String, VmmProcess> scan(Path vmsDirectory) {
        Map<String, VmmProcess> found = new HashMap<>();
        for (long pid : ProcFs.ownProcesses()) {
            ProcFs.Stat stat = ProcFs.stat(pid).orElse(null);
            if (stat == null || stat.state() == 'Z') {
                continue;
            }
            List<String> arguments = ProcFs.arguments(pid);
            vmId(arguments)
                    .filter(id -> ProcFs.workingDirectory(pid)
                            .filter(directory -> directory.equals(vmsDirectory.resolve(id)))
                            .isPresent())
                    .ifPresent(id -> found.put(id, new VmmProcess(pid, stat.startTicks(), acceleration(arguments))));
        }
        return found;
    }

    /** The id in {@code qemu-system-... -name banger-ID ...}; empty for any other process, the logger included. */
    private static Optional<String> vmId(List<String> arguments) {
        boolean qemu = !arguments.isEmpty()
                && Path.of("/", arguments.getFirst()).getFileName() instanceof Path name
                && name.toString().startsWith("qemu-system-");
        int at = arguments.indexOf("-name");
        if (!qemu || at < 0 || at + 1 >= arguments.size()) {
            return Optional.empty();
        }
        String name = arguments.get(at + 1);
        return name.startsWith(QemuCommandLine.MARKER)
                ? Optional.of(name.substring(QemuCommandLine.MARKER.length()))
                : Optional.empty();
    }

    private static String acceleration(List<String> arguments) {
        int at = arguments.indexOf("-accel");
        return at >= 0 && at + 1 < arguments.size() && arguments.get(at + 1).startsWith("kvm") ? "kvm" : "tcg";
    }

    @Override
    public boolean isAlive(long pid, long startTicks) {
        return ProcFs.isAlive(pid, startTicks);
    }

    @Override
    public void kill(VmmProcess process) {
        try (Pidfd pidfd = Pidfd.open(process.pid(), process.startTicks()).orElse(null)) {
            if (pidfd != null) {
                pidfd.kill();
                if (!pidfd.awaitExit(Duration.ofSeconds(5))) {
                    throw new BangerException(
                            ErrorCode.VMM_FAILED, "process " + process.pid() + " does not end although it was killed");
                }
            }
        }
    }

    @Override
    public Optional<Usage> usage(long pid) {
        return ProcFs.stat(pid)
                .map(stat -> new Usage(stat.residentBytes(), ProcFs.proportionalBytes(pid), stat.cpuMillis()));
    }
}
