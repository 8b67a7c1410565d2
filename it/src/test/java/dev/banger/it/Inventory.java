package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What there is on this machine that banger could leave behind (threats T13). Listening sockets are not listed apart: each is
 * some process's. Of /tmp only names with banger's in them count, since others use it too.
 */
record Inventory(
        SortedSet<String> processes,
        SortedSet<String> loops,
        SortedSet<String> mounts,
        SortedSet<String> links,
        SortedSet<String> temporary) {
    /** Of the whole machine, but processes, mounts and loop devices only where they concern {@code root}: others' come and go. */
    static Inventory take(Path root) {
        Inventory own = of(root);
        return new Inventory(
                own.processes,
                own.loops,
                own.mounts,
                names(Path.of("/sys/class/net"), ".*"),
                names(Path.of("/tmp"), "(?i).*banger.*"));
    }

    /** Only of what can be told to concern {@code root}: other tests run at the same time. */
    static Inventory of(Path root) {
        return new Inventory(
                Processes.concerning(root).stream()
                        .map(Object::toString)
                        .collect(Collectors.toCollection(TreeSet::new)),
                loopDevices(root),
                mountPoints(root),
                new TreeSet<>(),
                new TreeSet<>());
    }

    private static SortedSet<String> loopDevices(Path root) {
        SortedSet<String> loops = new TreeSet<>();
        for (String device : names(Path.of("/sys/block"), "loop.*")) {
            Path backing = Path.of("/sys/block", device, "loop/backing_file");
            String file = Files.exists(backing) ? read(backing).strip() : "";
            if (Processes.below(root).matcher(file).lookingAt()) {
                loops.add(device + " " + file);
            }
        }
        return loops;
    }

    private static SortedSet<String> mountPoints(Path root) {
        return read(Path.of("/proc/self/mounts"))
                .lines()
                .map(line -> line.split(" ")[1])
                .filter(point -> Processes.below(root).matcher(point).lookingAt())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SortedSet<String> names(Path directory, String pattern) {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return new TreeSet<>();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.matches(pattern))
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Nothing is there that was not there before. */
    void assertNothingNewSince(Inventory before) {
        assertThat(before.processes()).as("processes").containsAll(processes);
        assertThat(before.loops()).as("loop devices").containsAll(loops);
        assertThat(before.mounts()).as("mounts").containsAll(mounts);
        assertThat(before.links()).as("network links").containsAll(links);
        assertThat(before.temporary()).as("files in /tmp").containsAll(temporary);
    }
}
