package dev.banger.kernel;

import dev.banger.api.KernelVersion;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A distribution's kernels. Thread-safe. */
public interface KernelArchive {
    /** The name it is known by, which is that of its usual kernel, too: {@code debian}. */
    String name();

    /**
     * The kernels there are, newest first; reads the archive's lists, which takes seconds and {@code scratch}, an empty directory.
     *
     * @param suite null: the host's own release
     */
    List<KernelVersion> versions(@Nullable String suite, Path scratch, Progress progress);

    /**
     * One of them. Nothing is looked at before it is fetched.
     *
     * @param suite null: the host's own release
     * @param version a release or a package's version; null: the newest
     */
    KernelSource kernel(@Nullable String suite, @Nullable String version);

    /**
     * A kernel for sandboxes, compiled on this host from the archive's source: takes minutes and gigabytes.
     *
     * @param suite null: the host's own release
     * @param changes a file with lines of a kernel's configuration that go before those of the archive's
     */
    KernelSource build(@Nullable String suite, Optional<Path> changes);
}
