package dev.banger.cli;

import dev.banger.api.CachedLayer;
import dev.banger.api.CatalogEntry;
import dev.banger.api.DaemonInfo;
import dev.banger.api.ExportInfo;
import dev.banger.api.ImageInfo;
import dev.banger.api.ImageProgram;
import dev.banger.api.KernelInfo;
import dev.banger.api.NetworkUsage;
import dev.banger.api.PublishedPort;
import dev.banger.api.SnapshotInfo;
import dev.banger.api.StageTiming;
import dev.banger.api.TemplateInfo;
import dev.banger.api.VmInfo;
import dev.banger.api.VmState;
import dev.banger.api.VmStats;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a fake API shows. */
final class Samples {
    static final String ID = "0123456789ab";

    private Samples() {}

    static VmInfo vm(String name, VmState state) {
        return vm(name, state, 0, "boot", List.of(new StageTiming("booting", 1200)));
    }

    static VmInfo pausingAfter(String name, long seconds) {
        return vm(name, VmState.RUNNING, seconds, "boot", List.of());
    }

    private static VmInfo vm(String name, VmState state, long idlePauseSeconds, String from, List<StageTiming> stages) {
        boolean running = state == VmState.RUNNING || state == VmState.PAUSED;
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
                List.of(PublishedPort.ofVm(8080, 80)),
                22,
                Instant.parse("2026-11-24T10:00:00Z"),
                running ? Instant.parse("2026-11-24T10:00:02Z") : null,
                null,
                stages,
                running ? from : null,
                idlePauseSeconds,
                false,
                List.of(),
                List.of(),
                0,
                0,
                null,
                false,
                null);
    }

    /** One that came from there and whose start had these stages. */
    static VmInfo startedFrom(String name, String from, StageTiming... stages) {
        return vm(name, VmState.RUNNING, 0, from, List.of(stages));
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
                List.of("dev"),
                ImageProgram.NONE);
    }

    static CachedLayer layer() {
        return new CachedLayer("sha256:" + "7".repeat(64), 30L << 20, true, Instant.parse("2026-11-24T09:00:00Z"));
    }

    static ExportInfo export(String kind, String name) {
        return new ExportInfo(kind, name, "/there", "9".repeat(64), 1000, 3000, 2);
    }

    static CatalogEntry entry(String name) {
        return new CatalogEntry(
                "/catalog#ed25519:key",
                "image",
                name,
                "amd64",
                "9".repeat(64),
                "8".repeat(64),
                "debian bookworm",
                300L << 20,
                900L << 20,
                10L << 30,
                Instant.parse("2026-11-24T09:00:00Z"));
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

    /** A snapshot of "dev" whose id is its name; a name of "-" is none. */
    static SnapshotInfo snapshot(String name, @Nullable String parent, boolean current, String... usedBy) {
        return new SnapshotInfo(
                name,
                name.equals("-") ? null : name,
                "dev",
                !name.equals("disks"),
                parent,
                current,
                "qemu",
                "debian",
                "debian",
                64L << 20,
                Instant.parse("2026-11-24T10:01:00Z"),
                List.of(usedBy));
    }

    static TemplateInfo template(String id, boolean current) {
        return new TemplateInfo(
                id,
                "debian",
                "debian",
                "qemu",
                "tcg",
                "max",
                2,
                512,
                96L << 20,
                "/cache/templates/" + id,
                Instant.parse("2026-11-24T09:30:00Z"),
                current);
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
                90L << 20,
                2,
                180L << 20);
    }

    static VmStats stats(String name) {
        return new VmStats(
                ID,
                name,
                65_000,
                0.25,
                1L << 29,
                1L << 28,
                1L << 31,
                1L << 30,
                0,
                0,
                42,
                900,
                1L << 28,
                1L << 27,
                1_500,
                new NetworkUsage(1L << 20, 900, 1L << 10, 10));
    }
}
