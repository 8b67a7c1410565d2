package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What /proc says of processes and the host (proc(5)). Thread-safe. */
public final class ProcFs {
    private static final Path PROC = Path.of("/proc");
    /** USER_HZ is 100 on every Linux architecture the JDK runs on. */
    private static final long MILLIS_PER_TICK = 10;

    private static final long PAGE = 4096;

    private ProcFs() {}

    /**
     * A process's numbers.
     *
     * @param state the letter of proc_pid_stat(5), {@code Z} for a zombie
     * @param startTicks start time in clock ticks since boot
     */
    public record Stat(char state, long startTicks, long cpuMillis, long residentBytes) {}

    /** Empty when there is no such process. */
    public static Optional<Stat> stat(long pid) {
        try {
            String line = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
            // The second field is the program's name in parentheses and may hold anything, parentheses too.
            String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
            return Optional.of(new Stat(
                    fields[0].charAt(0),
                    Long.parseLong(fields[19]),
                    (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * MILLIS_PER_TICK,
                    Long.parseLong(fields[21]) * PAGE));
        } catch (IOException | RuntimeException e) {
            return Optional.empty(); // it ended between two looks
        }
    }

    /**
     * A process's proportional memory (PSS): its pages, each divided by how many processes have it mapped. Zero when it is gone, no
     * process of ours, or a kernel without CONFIG_PROC_PAGE_MONITOR runs it. Takes the kernel some milliseconds for a large process.
     */
    public static long proportionalBytes(long pid) {
        try (Stream<String> lines = Files.lines(PROC.resolve(pid + "/smaps_rollup"), StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.startsWith("Pss:"))
                    .map(line -> line.replaceAll("[^0-9]", ""))
                    .findFirst()
                    .map(kib -> Long.parseLong(kib) << 10)
                    .orElse(0L);
        } catch (IOException | RuntimeException e) {
            return 0; // it ended between two looks
        }
    }

    /** Whether exactly this process exists and is no zombie. */
    public static boolean isAlive(long pid, long startTicks) {
        return stat(pid)
                .filter(stat -> stat.startTicks() == startTicks && stat.state() != 'Z' && stat.state() != 'X')
                .isPresent();
    }

    /** A process's arguments; empty for a kernel thread, a zombie or one that is gone. */
    public static List<String> arguments(long pid) {
        try {
            String raw = Files.readString(PROC.resolve(pid + "/cmdline"), StandardCharsets.ISO_8859_1);
            return raw.isEmpty() ? List.of() : List.of(raw.split("\0"));
        } catch (IOException e) {
            return List.of();
        }
    }

    /** The directory a process works in; empty when it is gone or not ours to see. */
    public static Optional<Path> workingDirectory(long pid) {
        try {
            // proc_pid_cwd(5): the kernel says so when the directory has been removed.
            String path = Files.readSymbolicLink(PROC.resolve(pid + "/cwd")).toString();
            return Optional.of(Path.of(path.endsWith(" (deleted)") ? path.substring(0, path.length() - 10) : path));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Whether a process of ours has a file open, whatever name it opened it by. */
    public static boolean hasOpen(long pid, Path file) {
        try (Stream<Path> descriptors = Files.list(PROC.resolve(pid + "/fd"))) {
            Path real = file.toRealPath();
            return descriptors.anyMatch(descriptor -> leadsTo(descriptor, real));
        } catch (IOException e) {
            return false; // it is gone, or the file is
        }
    }

    private static boolean leadsTo(Path descriptor, Path file) {
        try {
            return Files.readSymbolicLink(descriptor).equals(file);
        } catch (IOException e) {
            return false; // closed between two looks
        }
    }

    /** How full the kernel's random pool is (random(4)); since Linux 5.18 it is 256 once it is seeded. */
    public static int entropyBits() {
        try {
            return Integer.parseInt(Files.readString(PROC.resolve("sys/kernel/random/entropy_avail"))
                    .strip());
        } catch (IOException e) {
            throw new BangerException(ErrorCode.PRECONDITION_FAILED, "cannot read /proc/sys: " + e, e);
        }
    }

    /** The user this process runs as. */
    public static int uid() {
        try {
            return (Integer) Files.getAttribute(PROC.resolve("self"), "unix:uid");
        } catch (IOException e) {
            throw new BangerException(ErrorCode.PRECONDITION_FAILED, "cannot read /proc/self: is /proc mounted?", e);
        }
    }

    /** All processes of this user. */
    public static List<Long> ownProcesses() {
        try (Stream<Path> entries = Files.list(PROC)) {
            Object uid = Files.getAttribute(PROC.resolve("self"), "unix:uid");
            List<Long> pids = new ArrayList<>();
            for (Path entry : (Iterable<Path>) entries::iterator) {
                String name = entry.getFileName().toString();
                if (name.chars().allMatch(Character::isDigit) && uid.equals(ownerOf(entry))) {
                    pids.add(Long.parseLong(name));
                }
            }
            return pids;
        } catch (IOException e) {
            throw new IllegalStateException("cannot read /proc", e);
        }
    }

    private static Object ownerOf(Path entry) {
        try {
            return Files.getAttribute(entry, "unix:uid");
        } catch (IOException e) {
            return -1; // it ended meanwhile
        }
    }

    /** The host's processor, as it calls itself. */
    public static String cpuModel() {
        try (Stream<String> lines = Files.lines(PROC.resolve("cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            throw new IllegalStateException("cannot read /proc/cpuinfo", e);
        }
    }

    /** The host's memory in MiB. */
    public static long memoryMiB() {
        return memInfo("MemTotal:") / 1024;
    }

    /** Memory that could be had without swapping, in MiB. */
    public static long availableMemoryMiB() {
        return memInfo("MemAvailable:") / 1024;
    }

    private static long memInfo(String key) {
        try (Stream<String> lines = Files.lines(PROC.resolve("meminfo"))) {
            return lines.filter(line -> line.startsWith(key))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read /proc/meminfo", e);
        }
    }
}
