package dev.banger.config;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where banger keeps things. {@code BANGER_HOME=DIR} puts everything under DIR; otherwise the XDG base directories
 * decide. docs/disk-layout.md lists every file.
 *
 * @param config configuration, written by people
 * @param state what must not be lost: the database, VMs, keys
 * @param cache what can be made again: kernels, images, initramfs files, seeds
 * @param run sockets and locks of this boot
 */
public record Places(Path config, Path state, Path cache, Path run) {
    /** The native client computes the same ones; see native/client. */
    public static Places of(Map<String, String> environment) {
        String home = value(environment, "BANGER_HOME");
        if (home != null) {
            Path root = Path.of(home).toAbsolutePath().normalize();
            return new Places(
                    root.resolve("config"), root.resolve("state"), root.resolve("cache"), root.resolve("run"));
        }
        Path user = Path.of(environment.getOrDefault("HOME", "/"));
        Path state = xdg(environment, "XDG_STATE_HOME", user.resolve(".local/state"));
        String runtime = value(environment, "XDG_RUNTIME_DIR");
        return new Places(
                xdg(environment, "XDG_CONFIG_HOME", user.resolve(".config")),
                state,
                xdg(environment, "XDG_CACHE_HOME", user.resolve(".cache")),
                runtime == null ? state.resolve("run") : Path.of(runtime, "banger"));
    }

    private static Path xdg(Map<String, String> environment, String name, Path otherwise) {
        String value = value(environment, name);
        // The specification says that relative paths are to be ignored.
        Path base = value != null && value.startsWith("/") ? Path.of(value) : otherwise;
        return base.resolve("banger");
    }

    private static @Nullable String value(Map<String, String> environment, String name) {
        String value = environment.get(name);
        return value == null || value.isEmpty() ? null : value;
    }

    public Path configFile() {
        return config.resolve("config.toml");
    }

    public Path socket() {
        return run.resolve("bangerd.sock");
    }

    /** Beside what it protects: another run directory (a session without one) must not mean another daemon. */
    public Path lock() {
        return state.resolve("bangerd.lock");
    }

    public Path database() {
        return state.resolve("banger.db");
    }

    public Path vms() {
        return state.resolve("vms");
    }

    /** What was last seen of each catalog. */
    public Path catalogs() {
        return state.resolve("catalogs");
    }

    public Path ssh() {
        return state.resolve("ssh");
    }

    public Path images() {
        return cache.resolve("images");
    }

    /** Layers as registries have them, by digest. */
    public Path layers() {
        return cache.resolve("layers");
    }

    public Path kernels() {
        return cache.resolve("kernels");
    }

    public Path initramfs() {
        return cache.resolve("initramfs");
    }

    public Path templates() {
        return cache.resolve("templates");
    }

    /** VMs that are nobody's yet; beside the others, so that a rename makes one of them. */
    public Path pool() {
        return state.resolve("pool");
    }

    /** Beside the VMs whose disks are based on them. */
    public Path snapshots() {
        return state.resolve("snapshots");
    }

    public Path seeds() {
        return cache.resolve("seeds");
    }

    /** Where unfinished builds lie; on the same file system as what they become, so that a rename publishes them. */
    public Path staging() {
        return cache.resolve("staging");
    }
}
