package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.StopMode;
import dev.banger.api.TemplateWarm;
import dev.banger.api.VmCreate;
import dev.banger.api.VmSet;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.kernel.KernelSource;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import dev.banger.testkit.FakeHost;
import dev.banger.testkit.FakeWorkDisks;
import dev.banger.testkit.MemoryHandleFiles;
import dev.banger.testkit.MemorySnapshotStore;
import dev.banger.testkit.MemoryVmStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An image or a kernel is not deleted under who needs it; what can be made again goes with it. */
class DependentsTest {
    @TempDir
    private Path root;

    private final FakeHost host = new FakeHost();
    private final FakeCatalogs catalogs = new FakeCatalogs();
    private ImageService images;
    private KernelService kernels;
    private Templates templates;
    private Pool pool;
    private VmService service;

    @BeforeEach
    void aServiceWithAPool() throws Exception {
        HostSeams seams = host.seams(new WorkDiskCapability(new FakeWorkDisks()));
        images = catalogs.images();
        kernels = catalogs.kernels();
        templates = new Templates(
                new MemorySnapshotStore(root.resolve("templates")), seams, images, kernels, Templates.Policy.MANUAL);
        pool = new Pool(templates, seams, Files.createDirectory(root.resolve("pool")), 1, () -> 8192);
        service = new VmService(
                new MemoryVmStore(),
                new MemoryHandleFiles(),
                seams,
                images,
                kernels,
                templates,
                new MemorySnapshotStore(root.resolve("snapshots")),
                pool,
                Files.createDirectory(root.resolve("vms")));
        service.start();
    }

    @AfterEach
    void close() {
        service.close();
        pool.close();
    }

    private VmRecord create(String name) {
        return service.create(
                new VmCreate(
                        name, null, null, null, null, null, null, List.of(), true, false, null, false, null, null,
                        false, null, null, null),
                Progress.none());
    }

    private void deleteImage() {
        images.delete(ImageService.DEFAULT, service::dependents, service::letGo);
    }

    private void deleteKernel() {
        kernels.delete(KernelService.DEFAULT, service::dependents, service::letGo);
    }

    private static void refused(Runnable deletion, String message) {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(deletion::run)
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
                .withMessage(message);
    }

    @Test
    void vmsKeepTheirImageAndKernelAndAreNamed() {
        create("one");
        create("two");

        refused(this::deleteImage, "image debian is in use by VM one, VM two; delete those first");
        refused(this::deleteKernel, "kernel debian is in use by VM one, VM two; delete those first");

        service.delete("one", Progress.none());
        service.delete("two", Progress.none());
        deleteImage();
        deleteKernel();
        assertThat(images.all()).isEmpty();
        assertThat(kernels.all()).isEmpty();
    }

    /** The VM has moved on to another kernel, but the memory of its snapshot goes with no other one. */
    @Test
    void aSnapshotsMemoryKeepsItsKernel() {
        create("dev");
        service.createSnapshot("dev", "before", Progress.none());
        kernels.make("other", new OtherKernel(), false, Progress.none());
        service.stop("dev", StopMode.KILL, Progress.none());
        service.set("dev", new VmSet(null, null, null, "other", null, null, null, null, null), Progress.none());

        refused(this::deleteKernel, "kernel debian is in use by snapshot dev@before; delete those first");

        service.deleteSnapshot("dev", "before");
        deleteKernel();
        assertThat(kernels.has("debian")).isFalse();
    }

    @Test
    void templatesAndPreparedVmsGoWithTheirImage() {
        templates.warm(
                service.templateSpec(new TemplateWarm(null, null, null, null, null, false, null)), Progress.none());
        create("dev");
        awaitAPreparedVm();
        refused(this::deleteImage, "image debian is in use by VM dev; delete those first");
        assertThat(templates.all()).as("refused, so nothing is let go").hasSize(1);
        service.delete("dev", Progress.none());

        deleteImage();

        assertThat(images.has("debian")).isFalse();
        assertThat(templates.all()).isEmpty();
        assertThat(pool.usage().vms()).isZero();
        assertThat(host.runningIds()).isEmpty();
    }

    private void awaitAPreparedVm() {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (pool.usage().vms() == 0 && System.nanoTime() < deadline) {
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        assertThat(pool.usage().vms()).isEqualTo(1);
    }

    @Test
    void templatesGoWithTheirKernel() {
        templates.warm(
                service.templateSpec(new TemplateWarm(null, null, null, null, null, false, null)), Progress.none());

        deleteKernel();

        assertThat(templates.all()).isEmpty();
    }

    private static final class OtherKernel implements KernelSource {
        @Override
        public List<Lack> lacks() {
            return List.of();
        }

        @Override
        public Fetched fetch(Path staging, Progress progress) {
            return new Fetched("6.2", "another fake");
        }
    }
}
