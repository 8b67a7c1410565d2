package dev.banger.kernel;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The kernels on disk. Only whole ones are ever seen: they appear by rename. Thread-safe. */
public interface KernelCatalog {
    Optional<Kernel> find(String name);

    /** Sorted by name. */
    List<Kernel> all();

    /** A fresh directory to fetch into, on the file system where kernels lie. */
    Path stage();

    /** Makes what lies in {@code staging} the kernel of that name, durably; an older one of that name is removed. */
    Kernel publish(Path staging, String name, KernelSource.Fetched fetched);

    /** Removes a directory from {@link #stage}, published or not. Idempotent. */
    void discard(Path staging);

    void delete(Kernel kernel);
}
