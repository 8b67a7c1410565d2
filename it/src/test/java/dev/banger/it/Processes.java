package dev.banger.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The machine's processes, read from /proc. */
final class Processes {
    private static final Path PROC = Path.of("/proc");

    private Processes() {}

    /** A process; {@code started} in clock ticks since boot tells a pid that was used again. */
    record Found(long pid, long started, List<String> arguments, String directory, String environment) {
        /** Whether it was started for something below {@code path}, or works there. */
        boolean concerns(Path path) {
            Pattern below = below(path);
            return below.matcher(directory).lookingAt()
                    || Pattern.compile("=" + below).matcher(environment).find()
                    || arguments.stream()
                            .anyMatch(argument -> below.matcher(argument).find());
        }

        @Override
        public String toString() {
            return pid + " (started " + started + ") " + String.join(" ", arguments);
        }
    }

    /** A path and what is below it; another's home may have a name that begins the same. */
    static Pattern below(Path path) {
        return Pattern.compile(Pattern.quote(path.toString()) + "(?![A-Za-z0-9._-])");
    }

    static List<Found> all() {
        List<Found> all = new ArrayList<>();
        try (Stream<Path> entries = Files.list(PROC)) {
            entries.filter(entry -> entry.getFileName().toString().matches("[0-9]+"))
                    .forEach(entry -> read(entry).ifPresent(all::add));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return all;
    }

    /** Those of a path, without the tests themselves. */
    static List<Found> concerning(Path path) {
        long self = ProcessHandle.current().pid();
        return all().stream()
                .filter(process -> process.pid() != self && process.concerns(path))
                .filter(process -> ProcessHandle.current()
                        .parent()
                        .filter(parent -> parent.pid() == process.pid())
                        .isEmpty())
                .toList();
    }

    static Optional<Found> find(long pid) {
        return read(PROC.resolve(Long.toString(pid)));
    }

    static boolean isAlive(long pid) {
        return find(pid).isPresent();
    }

    /** Empty for a process that has ended, is a zombie, or may not be looked at. */
    private static Optional<Found> read(Path entry) {
        try {
            String stat = Files.readString(entry.resolve("stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            if (fields[0].equals("Z")) {
                return Optional.empty();
            }
            return Optional.of(new Found(
                    Long.parseLong(entry.getFileName().toString()),
                    Long.parseLong(fields[19]), // starttime, proc_pid_stat(5) field 22
                    List.of(Files.readString(entry.resolve("cmdline"), StandardCharsets.ISO_8859_1)
                            .split("\0")),
                    directory(entry),
                    Files.readString(entry.resolve("environ"), StandardCharsets.ISO_8859_1)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static String directory(Path entry) {
        try {
            return Files.readSymbolicLink(entry.resolve("cwd")).toString();
        } catch (IOException e) {
            return "";
        }
    }

    static void signal(long pid, String name) {
        Call.program("sh", "-c", "kill -s \"$0\" \"$1\"", name, Long.toString(pid))
                .within(Duration.ofSeconds(10))
                .run()
                .expect(0);
    }
}
