package dev.banger.host.oci;

import dev.banger.api.ImagePull;
import dev.banger.host.http.HttpFetch;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.image.RootfsBuilder.Built;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Pulls images into a directory of the test's, and looks into them. */
final class Puller {
    static final HttpFetch.Patience SHORT = new HttpFetch.Patience(Duration.ofSeconds(1), Duration.ofMillis(700));

    final ProgramRunner programs = new ProgramRunner(System.getenv());
    final OciRegistry registry;
    final Path cache;
    private final Path directory;
    private Path rootfs;

    Puller(Path directory) {
        this(directory, Map.of("HOME", directory.toString()));
    }

    Puller(Path directory, Map<String, String> environment) {
        this.directory = directory;
        cache = directory.resolve("layers");
        rootfs = directory;
        registry = new OciRegistry(programs, environment, cache, Optional.empty(), SHORT);
    }

    Built pull(String reference) throws IOException {
        return pull(reference, Progress.none());
    }

    Built pull(String reference, Progress progress) throws IOException {
        return pull(ImagePull.of(reference), progress);
    }

    Built pull(ImagePull request, Progress progress) throws IOException {
        Path staging = Files.createDirectory(directory.resolve("staging-" + UUID.randomUUID()));
        rootfs = staging.resolve("rootfs");
        Built built = registry.pull(request, staging, progress);
        run("e2fsck", "-fn", rootfs.toString());
        return built;
    }

    Path rootfs() {
        return rootfs;
    }

    /** What debugfs says of the image pulled last. */
    String debugfs(String request) {
        return run("debugfs", "-R", request, rootfs.toString());
    }

    private String run(String... argv) {
        return programs.run(Program.of(Duration.ofSeconds(60), argv)).text();
    }
}
