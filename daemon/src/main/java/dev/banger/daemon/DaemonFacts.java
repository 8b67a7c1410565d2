package dev.banger.daemon;

import dev.banger.api.DaemonInfo;
import dev.banger.api.VmInfo;
import dev.banger.api.VmState;
import dev.banger.config.Places;
import dev.banger.host.linux.ProcFs;
import dev.banger.vm.Pool;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** What the daemon knows of itself, and the switch that ends it. Thread-safe. */
final class DaemonFacts {
    private final String version;
    private final String build;
    private final Places places;
    private final Instant startedAt = Instant.now();
    private final CountDownLatch shutdown = new CountDownLatch(1);

    DaemonFacts(String version, String build, Places places) {
        this.version = version;
        this.build = build;
        this.places = places;
    }

    String version() {
        return version;
    }

    String build() {
        return build;
    }

    long pid() {
        return ProcessHandle.current().pid();
    }

    DaemonInfo info(List<VmInfo> vms, Pool.Usage prepared) {
        return new DaemonInfo(
                true,
                pid(),
                version,
                build,
                places.socket().toString(),
                places.state().toString(),
                startedAt,
                (int) vms.stream().filter(vm -> vm.state() == VmState.RUNNING).count(),
                vms.size(),
                ProcFs.stat(pid()).map(ProcFs.Stat::residentBytes).orElse(0L),
                prepared.vms(),
                prepared.bytes());
    }

    void requestShutdown() {
        shutdown.countDown();
    }

    void awaitShutdownRequest() throws InterruptedException {
        shutdown.await();
    }
}
