package dev.banger.kernel;

import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.List;

/** Gets a kernel from somewhere. */
public interface KernelSource {
    /** What this host lacks to fetch it. Looks, changes nothing. */
    List<Lack> lacks();

    /**
     * Fetches into {@code staging}, an empty directory of mode 0700 that the caller removes on failure. Leaves there
     * {@code vmlinux}, {@code modules.squashfs} and {@code boot/} ({@link Kernel#bootModules()}), and may leave {@code vmlinuz},
     * the same kernel as it came, and {@code initrd}, an archive to be unpacked before banger's own.
     * Fails before it begins where this host lacks something. Interruptible.
     */
    Fetched fetch(Path staging, Progress progress);

    /** What was fetched; {@code source} is for people: {@code Debian linux-image-... 6.1.x}. */
    record Fetched(String version, String source) {}
}
