package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.StopMode;
import dev.banger.api.VmCreate;
import dev.banger.api.VmState;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import dev.banger.testkit.FakeHost;
import dev.banger.testkit.FakeHost.Step;
import dev.banger.testkit.MemoryHandleFiles;
import dev.banger.testkit.MemoryNameServer;
import dev.banger.testkit.MemorySnapshotStore;
import dev.banger.testkit.MemoryVmStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** D4: the names that can be looked up are those of the VMs that run. */
class DnsCapabilityTest {
    @TempDir
    private Path directory;

    private final FakeHost host = new FakeHost();
    private final FakeCatalogs catalogs = new FakeCatalogs();
    private final MemoryVmStore store = new MemoryVmStore();
    private final MemoryHandleFiles files = new MemoryHandleFiles();

    private VmService service(MemoryNameServer names) {
        HostSeams seams = host.seams(new DnsCapability(names));
        ImageService images = catalogs.images();
        KernelService kernels = catalogs.kernels();
        MemorySnapshotStore snapshots = new MemorySnapshotStore(directory.resolve("snapshots"));
        Templates templates = new Templates(
                new MemorySnapshotStore(directory.resolve("templates")),
                seams,
                images,
                kernels,
                Templates.Policy.MANUAL);
        Pool pool = new Pool(templates, seams, directory.resolve("pool"), 0, () -> 4096);
        Path vms = directory.resolve("vms");
        try {
            Files.createDirectories(vms);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        VmService service = new VmService(store, files, seams, images, kernels, templates, snapshots, pool, vms);
        service.start();
        return service;
    }

    private static VmCreate request(String name, boolean start) {
        return new VmCreate(
                name, null, null, null, null, null, null, List.of(), start, false, null, false, null, null, false, null,
                null, null);
    }

    private static VmRecord create(VmService service, String name) {
        return service.create(request(name, true), Progress.none());
    }

    @Test
    void aNameIsThereWhileItsVmRuns() {
        MemoryNameServer names = new MemoryNameServer();
        VmService service = service(names);
        VmRecord dev = create(service, "dev");
        create(service, "web");
        assertThat(names.records())
                .containsOnlyKeys("dev.vm", "web.vm")
                .containsEntry("dev.vm", dev.runtime().hostAddress());

        service.stop("dev", StopMode.GRACEFUL, Progress.none());
        assertThat(names.records()).containsOnlyKeys("web.vm");
        service.start("dev", Progress.none());
        assertThat(names.records()).containsOnlyKeys("dev.vm", "web.vm");
        service.restart("web", Progress.none());
        assertThat(names.records()).containsOnlyKeys("dev.vm", "web.vm");
        service.delete("dev", Progress.none());
        service.stop("web", StopMode.KILL, Progress.none());
        assertThat(names.records()).isEmpty();
    }

    @Test
    void aPausedVmKeepsItsName() {
        MemoryNameServer names = new MemoryNameServer();
        VmService service = service(names);
        create(service, "dev");
        int replacements = names.replacements();

        service.pause("dev");
        assertThat(names.records()).containsOnlyKeys("dev.vm");
        service.resume("dev");

        assertThat(names.replacements()).isEqualTo(replacements);
    }

    @Test
    void aVmThatDiedHasNoName() throws InterruptedException {
        MemoryNameServer names = new MemoryNameServer();
        VmService service = service(names);
        VmRecord dev = create(service, "dev");

        host.crash(dev.id());
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; service.get("dev").runtime().state() != VmState.STOPPED; i++) {
            assertThat(i).as("tries").isLessThan(1000);
            assertThat(never.await(10, TimeUnit.MILLISECONDS)).isFalse();
        }

        assertThat(names.records()).isEmpty();
    }

    @Test
    void aStartThatFailsLeavesNoName() {
        MemoryNameServer names = new MemoryNameServer();
        VmService service = service(names);
        host.fail(Step.AFTER_START); // after the name was published

        assertThatThrownBy(() -> create(service, "dev")).isInstanceOf(BangerException.class);

        assertThat(names.replacements()).isEqualTo(2);
        assertThat(names.records()).isEmpty();
    }

    @Test
    void aVmThatWasNeverStartedHasNoName() {
        MemoryNameServer names = new MemoryNameServer();
        service(names).create(request("dev", false), Progress.none());

        assertThat(names.replacements()).isZero();
    }

    @Test
    void theNextDaemonRebuildsThemFromTheVmsThatLive_B6() {
        VmService first = service(new MemoryNameServer());
        create(first, "dev");
        create(first, "paused");
        VmRecord dead = create(first, "dead");
        first.pause("paused");
        first.close();
        host.crash(dead.id());

        MemoryNameServer names = new MemoryNameServer();
        VmService second = service(names);

        assertThat(names.records()).containsOnlyKeys("dev.vm", "paused.vm");
        second.delete("dev", Progress.none());
        assertThat(names.records()).containsOnlyKeys("paused.vm");
    }
}
