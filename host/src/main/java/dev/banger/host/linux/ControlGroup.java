package dev.banger.host.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The control group this process is in (cgroups(7), version 2).
 *
 * @param path below the root of all groups; empty on a host without version 2
 * @param memoryMiB what it and all above it allow its processes together
 */
public record ControlGroup(String path, long memoryMiB) {
    public static final long UNLIMITED = Long.MAX_VALUE;

    private static final Path MOUNT = Path.of("/sys/fs/cgroup");

    public static ControlGroup own() {
        return of(Path.of("/proc/self/cgroup"), MOUNT);
    }

    static ControlGroup of(Path membership, Path mount) {
        try {
            if (!Files.exists(mount.resolve("cgroup.controllers"))) {
                return new ControlGroup("", UNLIMITED);
            }
            // Version 2 is the hierarchy without a number or a name.
            Optional<String> path = Files.readAllLines(membership).stream()
                    .filter(line -> line.startsWith("0::"))
                    .map(line -> line.substring(3))
                    .findFirst();
            return path.map(its -> new ControlGroup(its, memoryMiB(mount, its)))
                    .orElse(new ControlGroup("", UNLIMITED));
        } catch (IOException e) {
            return new ControlGroup("", UNLIMITED); // no /proc, or it is hidden: nothing is known of it
        }
    }

    private static long memoryMiB(Path mount, String path) {
        long least = UNLIMITED;
        for (Path at = mount.resolve(path.substring(1)).normalize();
                at != null && at.startsWith(mount);
                at = at.getParent()) {
            least = Math.min(least, limit(at.resolve("memory.max")));
        }
        return least;
    }

    /** The root of all groups has no such file, nor has a group whose parent does not hand the controller down. */
    private static long limit(Path file) {
        try {
            String text = Files.readString(file).strip();
            return text.matches("[0-9]{1,18}") ? Long.parseLong(text) >> 20 : UNLIMITED;
        } catch (IOException e) {
            return UNLIMITED;
        }
    }
}
