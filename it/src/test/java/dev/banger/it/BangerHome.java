package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A BANGER_HOME of a test class, with kernel and image from the {@link FirstRun}. When the class is done its VMs are deleted
 * and the daemon stopped, through banger; then nothing may be left of them (promise A2).
 */
final class BangerHome implements BeforeAllCallback, AfterAllCallback {
    /** Where the homes of all classes lie. */
    static final Path ALL =
            Path.of(System.getProperty("banger.it.directory")).toAbsolutePath().normalize();

    /** What may stay in the run directory of a daemon that ended. */
    private static final Set<String> LASTING =
            Set.of("start.lock", "bangerd.lock", "tsc-khz", "qemu-release", "firecracker-release");

    private static final Set<String> NAMES = ConcurrentHashMap.newKeySet();

    private final Path path;
    private @Nullable Inventory before;

    private BangerHome(Path path) {
        this.path = path;
    }

    /** {@code name} is the class's own: another one may run at the same time. */
    static BangerHome named(String name) {
        if (!NAMES.add(name)) {
            throw new IllegalArgumentException("two classes have a home " + name);
        }
        return new BangerHome(ALL.resolve(name));
    }

    Path path() {
        return path;
    }

    Path vms() {
        return path.resolve("state/vms");
    }

    Banger banger() {
        return Banger.in(path);
    }

    /** Of the running daemon. */
    long daemonPid() {
        return Outcome.number(banger().ok("daemon", "status", "--json").object(), "pid");
    }

    /** Processes of daemons of this home. */
    List<Processes.Found> daemons() {
        return processes().stream()
                .filter(process -> process.arguments().contains("dev.banger.daemon.Bangerd"))
                .toList();
    }

    List<Processes.Found> vmms() {
        return processes().stream()
                .filter(process -> process.arguments().getFirst().contains("qemu-system-"))
                .toList();
    }

    List<Processes.Found> processes() {
        return Processes.concerning(path);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        Path cache = FirstRun.cache();
        before = Inventory.of(path);
        Trees.delete(path);
        Trees.makeDirectory(path);
        Trees.link(cache, path.resolve("cache"));
    }

    @Override
    public void afterAll(ExtensionContext context) {
        try {
            endThroughBanger();
        } finally {
            // What a failed test leaves must not be in the way of all that follow.
            processes().forEach(process -> Processes.signal(process.pid(), "KILL"));
        }
    }

    private void endThroughBanger() {
        deleteVms();
        assertNoVmIsLeft();
        banger().ok("daemon", "stop");
        assertThat(Trees.names(path.resolve("run"))).isSubsetOf(LASTING);
        assertThat(Trees.names(path.resolve("cache/staging")))
                .as("unfinished builds")
                .isEmpty();
        Awaitility.await("no process of " + path)
                .atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(processes()).isEmpty());
        if (before != null) {
            Inventory.of(path).assertNothingNewSince(before);
        }
        Trees.delete(path);
    }

    void deleteVms() {
        for (String vm : banger().vms()) {
            banger().ok("vm", "delete", vm);
        }
    }

    /** No row, no file, no process of any VM. */
    void assertNoVmIsLeft() {
        assertThat(banger().vms()).as("VMs").isEmpty();
        assertThat(Trees.names(vms())).as("directories of VMs").isEmpty();
        Awaitility.await("no VMM of " + path)
                .atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(vmms()).isEmpty());
    }

    /** Directories and files. */
    static final class Trees {
        private Trees() {}

        static void makeDirectory(Path directory) {
            try {
                Files.createDirectories(directory);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** A copy whose files are hard links: what banger has published it never changes. */
        static void link(Path from, Path to) {
            try (Stream<Path> entries = Files.walk(from)) {
                for (Path entry : (Iterable<Path>) entries::iterator) {
                    Path copy = to.resolve(from.relativize(entry).toString());
                    if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                        Files.createDirectory(copy);
                    } else if (Files.isSymbolicLink(entry)) {
                        Files.createSymbolicLink(copy, Files.readSymbolicLink(entry));
                    } else {
                        Files.createLink(copy, entry);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        static void copy(Path from, Path to) {
            Call.program("cp", "-a", from.toString(), to.toString()).run().expect(0);
        }

        static void delete(Path tree) {
            Call.program("rm", "-rf", "--one-file-system", tree.toString())
                    .run()
                    .expect(0);
        }

        /** Names in a directory; none where it is not there. */
        static List<String> names(Path directory) {
            if (!Files.isDirectory(directory)) {
                return List.of();
            }
            try (Stream<Path> entries = Files.list(directory)) {
                return entries.map(entry -> entry.getFileName().toString()).toList();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
