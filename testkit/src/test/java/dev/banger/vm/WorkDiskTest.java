package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.StopMode;
import dev.banger.api.VmCreate;
import dev.banger.api.VmSet;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import dev.banger.testkit.FakeHost;
import dev.banger.testkit.FakeHost.Step;
import dev.banger.testkit.FakeWorkDisks;
import dev.banger.testkit.MemoryHandleFiles;
import dev.banger.testkit.MemorySnapshotStore;
import dev.banger.testkit.MemoryVmStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A work disk grows, by its file while the VM is stopped and by its VMM while it runs; it never shrinks. */
class WorkDiskTest {
    private static final long GIB = 1L << 30;

    @TempDir
    private Path root;

    private final FakeHost host = new FakeHost();
    private final FakeWorkDisks disks = new FakeWorkDisks();
    private VmService service;

    @BeforeEach
    void aVmWithAWorkDiskOfAGibibyte() throws IOException {
        FakeCatalogs catalogs = new FakeCatalogs();
        HostSeams seams = host.seams(new WorkDiskCapability(disks));
        ImageService images = catalogs.images();
        KernelService kernels = catalogs.kernels();
        Templates templates = new Templates(
                new MemorySnapshotStore(root.resolve("templates")), seams, images, kernels, Templates.Policy.OFF);
        service = new VmService(
                new MemoryVmStore(),
                new MemoryHandleFiles(),
                seams,
                images,
                kernels,
                templates,
                new MemorySnapshotStore(root.resolve("snapshots")),
                new Pool(templates, seams, Files.createDirectory(root.resolve("pool")), 0, () -> 4096),
                Files.createDirectory(root.resolve("vms")));
        service.start();
        create("dev", GIB);
    }

    private void create(String name, long workDiskBytes) {
        service.create(
                new VmCreate(
                        name,
                        null,
                        null,
                        null,
                        null,
                        workDiskBytes,
                        null,
                        List.of(),
                        true,
                        false,
                        null,
                        false,
                        null,
                        null,
                        false,
                        null,
                        null,
                        null),
                Progress.none());
    }

    private void set(String name, long bytes, Integer... cpus) {
        service.set(
                name,
                new VmSet(cpus.length == 0 ? null : cpus[0], null, bytes, null, null, null, null, null, null),
                Progress.none());
    }

    private long bytes() {
        return service.get("dev").spec().workDiskBytes();
    }

    private static void refused(Runnable work, ErrorCode code, String message) {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(work::run)
                .satisfies(e -> assertThat(e.code()).isEqualTo(code))
                .withMessageContaining(message);
    }

    @Test
    void whileTheVmRunsItsVmmAndItsGuestGrowIt() {
        set("dev", 2 * GIB);

        assertThat(host.log()).contains("GROWN work " + 2 * GIB).anyMatch(line -> line.startsWith("GROW_GUEST"));
        assertThat(disks.grown()).as("its file is QEMU's").isEmpty();
        assertThat(bytes()).isEqualTo(2 * GIB);
    }

    @Test
    void whileItIsStoppedItsFileGrows() {
        service.stop("dev", StopMode.KILL, Progress.none());

        set("dev", 2 * GIB);

        assertThat(disks.grown()).containsExactly(2 * GIB);
        assertThat(host.log()).noneMatch(line -> line.startsWith("GROW"));
        assertThat(bytes()).isEqualTo(2 * GIB);
    }

    @Test
    void itNeverShrinksWhetherTheVmRunsOrNot() {
        refused(() -> set("dev", GIB / 2), ErrorCode.INVALID_ARGUMENT, "can grow but not shrink");
        service.stop("dev", StopMode.KILL, Progress.none());
        refused(() -> set("dev", GIB / 2), ErrorCode.INVALID_ARGUMENT, "can grow but not shrink");

        assertThat(bytes()).isEqualTo(GIB);
        assertThat(disks.grown()).isEmpty();
    }

    @Test
    void whatFailsCanBeTriedAgain() {
        host.fail(Step.GROW_GUEST);
        refused(() -> set("dev", 2 * GIB), ErrorCode.VMM_FAILED, "GROW_GUEST");
        assertThat(bytes()).isEqualTo(GIB);
        host.heal();

        set("dev", 2 * GIB);

        assertThat(bytes()).isEqualTo(2 * GIB);
    }

    @Test
    void withWhatNeedsAStopNothingGrows() {
        refused(() -> set("dev", 2 * GIB, 3), ErrorCode.WRONG_STATE, "banger vm stop dev");

        assertThat(host.log()).noneMatch(line -> line.startsWith("GROW"));
        assertThat(bytes()).isEqualTo(GIB);
    }

    @Test
    void aVmThatHasNoneGetsOneWhenItIsStopped() {
        create("bare", 0);

        refused(() -> set("bare", GIB), ErrorCode.WRONG_STATE, "banger vm stop bare");
    }

    @Test
    void aPausedGuestCannotGrowIt() {
        service.pause("dev");

        refused(() -> set("dev", 2 * GIB), ErrorCode.WRONG_STATE, "banger vm resume dev");
        assertThat(host.log()).noneMatch(line -> line.startsWith("GROW"));
    }
}
