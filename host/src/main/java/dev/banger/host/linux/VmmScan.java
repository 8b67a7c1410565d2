package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.vm.VmmProcesses;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** VMM processes of every kind, found by the marker among their arguments and the directory they work in. Thread-safe. */
public final class VmmScan implements VmmProcesses {
    private static final Duration END = Duration.ofSeconds(5);

    /** Tells the processes of one VMM from all others. Thread-safe. */
    public interface Kind {
        /** The VM that a process with these arguments runs; empty for any other process. */
        Optional<Marked> marked(List<String> arguments);
    }

    /** What a process's arguments say. */
    public record Marked(String vmId, String vmm, String acceleration) {}

    private final List<Kind> kinds;

    public VmmScan(List<Kind> kinds) {
        this.kinds = List.copyOf(kinds);
    }

    @Override
    public Map<String, VmmProcess> scan(Path vmsDirectory) {
        Map<String, VmmProcess> found = new HashMap<>();
        for (long pid : ProcFs.ownProcesses()) {
            ProcFs.Stat stat = ProcFs.stat(pid).orElse(null);
            if (stat == null || stat.state() == 'Z') {
                continue;
            }
            marked(ProcFs.arguments(pid))
                    .filter(marked -> ProcFs.workingDirectory(pid)
                            .filter(directory -> directory.equals(vmsDirectory.resolve(marked.vmId())))
                            .isPresent())
                    .ifPresent(marked -> found.put(
                            marked.vmId(),
                            new VmmProcess(pid, stat.startTicks(), marked.vmm(), marked.acceleration())));
        }
        return found;
    }

    private Optional<Marked> marked(List<String> arguments) {
        return kinds.stream().flatMap(kind -> kind.marked(arguments).stream()).findFirst();
    }

    /** The id after {@code marker} in the value of {@code option}, of a program whose file name begins with {@code program}. */
    public static Optional<String> vmId(List<String> arguments, String program, String option, String marker) {
        boolean itsProgram = !arguments.isEmpty()
                && Path.of("/", arguments.getFirst()).getFileName() instanceof Path name
                && name.toString().startsWith(program);
        int at = arguments.indexOf(option);
        if (!itsProgram || at < 0 || at + 1 >= arguments.size()) {
            return Optional.empty();
        }
        String value = arguments.get(at + 1);
        return value.startsWith(marker) ? Optional.of(value.substring(marker.length())) : Optional.empty();
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
                if (!pidfd.awaitExit(END)) {
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
