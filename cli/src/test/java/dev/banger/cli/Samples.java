package dev.banger.cli;

import dev.banger.api.DaemonInfo;
import dev.banger.api.ImageInfo;
import dev.banger.api.KernelInfo;
import dev.banger.api.PublishedPort;
import dev.banger.api.StageTiming;
import dev.banger.api.VmInfo;
import dev.banger.api.VmState;
import dev.banger.api.VmStats;
import java.time.Instant;
import java.util.List;

/** What a fake API shows. */
final class Samples {
    static final String ID = "0123456789ab";

    private Samples() {}

    static VmInfo vm(String name, VmState state) {
        boolean running = state == VmState.RUNNING;
        return new VmInfo(
                ID,
                name,
                state,
                "qemu",
                running ? "tcg" : "auto",
                running ? 4711L : null,
                "127.64.0.2",
                "/state/vms/" + ID,
                "debian",
                "debian",
                2,
                512,
                8L << 30,
                3L << 20,
                "user",
                List.of(new PublishedPort(8080, 80)),
                22,
                Instant.parse("2026-11-24T10:00:00Z"),
                running ? Instant.parse("2026-11-24T10:00:02Z") : null,
                null,
                List.of(new StageTiming("booting", 1200)));
    }

    static VmInfo running(String name) {
        return vm(name, VmState.RUNNING);
    }

    static ImageInfo image(String name) {
        return new ImageInfo(
                name,
                "9".repeat(64),
                "debian bookworm, 143 packages",
                true,
                2L << 30,
                600L << 20,
                Instant.parse("2026-11-24T09:00:00Z"),
                "/cache/images/" + name,
                List.of("dev"));
    }

    static KernelInfo kernel(String name) {
        return new KernelInfo(
                name,
                "6.1.0-41-cloud-amd64",
                "8".repeat(64),
                "Debian linux-image-cloud-amd64",
                120L << 20,
                Instant.parse("2026-11-24T09:00:00Z"),
                "/cache/kernels/" + name,
                List.of());
    }

    static DaemonInfo daemon() {
        return new DaemonInfo(
                true,
                4242,
                "0.1.0",
                "abc123",
                "/run/banger/bangerd.sock",
                "/state",
                Instant.parse("2026-11-24T08:00:00Z"),
                1,
                2,
                90L << 20);
    }

    static VmStats stats(String name) {
        return new VmStats(
                ID, name, 65_000, 0.25, 1L << 29, 1L << 28, 1L << 31, 1L << 30, 0, 0, 42, 900, 1L << 28, 1_500);
    }
}
