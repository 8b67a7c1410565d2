package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/**
 * A kernel to fetch.
 *
 * @param source where from: {@code debian}, or what a catalog calls one
 * @param name what it is called afterwards; null: the source's name, with the version or else the suite that is asked for
 * @param suite of the source, such as {@code bookworm-backports}; null: the host's own release
 * @param version the one of {@link KernelVersion#release()} or {@link KernelVersion#packageVersion()}; null: the newest
 * @param refresh fetch it even if a kernel of that name is there; VMs keep the one they have
 */
@Json
public record KernelPull(
        String source,
        @Nullable String name,
        @Nullable String suite,
        @Nullable String version,
        boolean refresh) {
    public KernelPull {
        // A JSON body may leave it out.
        source = source == null ? "debian" : source;
    }

    /** The usual kernel of a source. */
    public static KernelPull usual(String source) {
        return new KernelPull(source, null, null, null, false);
    }

    /** What the kernel will be called; a plus, as versions have it, is no character of names. */
    public String kernelName() {
        if (name != null) {
            return name;
        }
        String detail = version != null ? version : suite;
        return detail == null ? source : source + "-" + detail.replaceAll("[+~:]", "-");
    }
}
