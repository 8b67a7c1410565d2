package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * A kernel to compile.
 *
 * @param name what it is called afterwards
 * @param suite of Debian's whose source it is; null: the host's own release
 * @param config a file with lines of a kernel's configuration that go before banger's, an absolute path; null: none
 * @param refresh build it even if a kernel of that name is there; VMs keep the one they have
 */
@Json
public record KernelBuild(
        String name, @Nullable String suite, @Nullable String config, boolean refresh) {
    public KernelBuild {
        // A JSON body may leave it out.
        name = name == null ? "sandbox" : name;
    }
}
