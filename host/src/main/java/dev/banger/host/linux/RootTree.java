package dev.banger.host.linux;

import dev.banger.api.BangerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * A root file system as a directory tree on its way into an image: its files have the owners they will have in the
 * guest, as seen in a {@link UserNamespace}. Closing removes the tree, also what its user outside could not remove;
 * whoever opened it closes it. Used by one thread.
 */
public final class RootTree implements AutoCloseable {
    /** Where an init is looked for, from the root on. */
    public static final List<String> INITS =
            List.of("sbin/init", "lib/systemd/systemd", "usr/lib/systemd/systemd", "bin/init", "etc/init");

    private static final int SYMLINK_LIMIT = 40;
    private static final Duration REMOVAL = Duration.ofMinutes(5);

    private final ProgramRunner programs;
    private final UserNamespace namespace;
    private final Path directory;

    public RootTree(ProgramRunner programs, UserNamespace namespace, Path directory) {
        this.programs = programs;
        this.namespace = namespace;
        this.directory = directory.toAbsolutePath();
    }

    public Path directory() {
        return directory;
    }

    /** Runs a program as the tree's root. */
    public Output run(Program program) {
        return programs.run(program.under(namespace.prefix()));
    }

    /** The bytes its files take. */
    public long bytes() {
        String said = run(Program.of(
                        Duration.ofMinutes(5), "du", "-s", "-B1", "--one-file-system", directory.toString()))
                .text();
        return Long.parseLong(said.substring(0, said.indexOf('\t')));
    }

    /** Puts it into an ext4 file system. */
    public void intoExt4(Path file, long bytes, String label) {
        new Ext4(programs).make(file, bytes, label, directory, namespace.prefix());
    }

    /** Whether the root has an init of its own. Symbolic links are followed as the guest will follow them. */
    public boolean hasInit() {
        return hasInit(directory);
    }

    public static boolean hasInit(Path root) {
        return INITS.stream().anyMatch(init -> isFile(root, init));
    }

    /** Walks component by component, so that no link leads out of the root (P83). */
    private static boolean isFile(Path root, String name) {
        Deque<String> rest = new ArrayDeque<>(List.of(name.split("/")));
        Path at = root;
        int links = 0;
        while (!rest.isEmpty()) {
            String component = rest.pop();
            if (component.isEmpty() || component.equals(".")) {
                continue;
            }
            if (component.equals("..")) {
                at = at.equals(root) ? root : parentOf(at);
                continue;
            }
            Path next = at.resolve(component);
            if (!Files.isSymbolicLink(next)) {
                at = next;
            } else if (++links > SYMLINK_LIMIT) {
                return false;
            } else {
                String target = linkTarget(next);
                List<String> components = List.of(target.split("/"));
                components.reversed().forEach(rest::push);
                at = target.startsWith("/") ? root : at;
            }
        }
        return Files.isRegularFile(at, LinkOption.NOFOLLOW_LINKS);
    }

    private static Path parentOf(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }

    private static String linkTarget(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            throw DiskFailure.of("cannot read " + link, link, e);
        }
    }

    /** Removes the tree, even when the thread has been interrupted: the interrupt is for the work, not for its end. */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
                run(Program.of(REMOVAL, "rm", "-rf", "--one-file-system", "--", directory.toString()));
            }
        } catch (BangerException e) {
            throw new BangerException(e.code(), "cannot remove " + directory + ": " + e.getMessage(), e.detail(), e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
