package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageCustomize;
import dev.banger.api.VmCreate;
import dev.banger.api.VmState;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import dev.banger.testkit.FakeHost;
import dev.banger.testkit.MemoryHandleFiles;
import dev.banger.testkit.MemorySnapshotStore;
import dev.banger.testkit.MemoryVmStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a host lacks is told at once, before anything is changed (F1). */
class PreflightTest {
    private static final Lack TOOL = new Lack("there is no mkdisk", "make disks", new Lack.Install("get", "disks"));
    private static final Lack BUILDER = new Lack("there is no builder", "build", new Lack.Install("get", "builder"));

    @TempDir
    private Path directory;

    private final FakeHost host = new FakeHost();
    private final FakeCatalogs catalogs = new FakeCatalogs();
    private final MemoryVmStore store = new MemoryVmStore();
    private final List<Lack> lacks = new ArrayList<>();
    private VmService service;

    @BeforeEach
    void aServiceWithACapabilityThatNeedsSomething() throws Exception {
        HostSeams seams = host.seams(new VmCapability() {
            @Override
            public String name() {
                return "disk";
            }

            @Override
            public List<Lack> preflight(VmRecord vm) {
                return lacks;
            }
        });
        ImageService images = catalogs.images();
        KernelService kernels = catalogs.kernels();
        MemorySnapshotStore snapshots = new MemorySnapshotStore(directory.resolve("snapshots"));
        Templates templates = new Templates(
                new MemorySnapshotStore(directory.resolve("templates")),
                seams,
                images,
                kernels,
                Templates.Policy.MANUAL);
        Pool pool = new Pool(templates, seams, snapshots.place("pool"), 0, () -> 4096);
        Path vms = Files.createDirectory(directory.resolve("vms"));
        service =
                new VmService(store, new MemoryHandleFiles(), seams, images, kernels, templates, snapshots, pool, vms);
        service.start();
    }

    private static VmCreate request(boolean start) {
        return new VmCreate(
                "dev", null, null, null, null, null, null, List.of(), start, false, null, false, null, null, false,
                null, null, null);
    }

    @Test
    void whatImageKernelAndStartLackIsToldAtOnceAndNothingIsMade() {
        lacks.add(TOOL);
        catalogs.lacking(BUILDER);

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> service.check(request(true)))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
                .withMessage("""
                        cannot make the VM; this host lacks what it takes:
                          there is no builder, needed to build
                          there is no mkdisk, needed to make disks
                        what to do: get builder disks""");
        assertThat(store.all()).isEmpty();
        assertThat(catalogs.builds()).isZero();
        assertThat(catalogs.pulls()).isZero();
    }

    @Test
    void whatOnlyAStartNeedsIsNotNeededToMakeAStoppedVm() {
        lacks.add(TOOL);

        service.check(request(false));
        VmRecord vm = service.create(request(false), Progress.none());

        assertThat(vm.runtime().state()).isEqualTo(VmState.STOPPED);
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> service.start("dev", Progress.none()))
                .withMessage("cannot start dev: there is no mkdisk, needed to make disks\nwhat to do: get disks");
        assertThat(service.get("dev").runtime().state()).isEqualTo(VmState.STOPPED);
        assertThat(host.runningIds()).isEmpty();
    }

    @Test
    void whatIsThereAlreadyIsNotToBeBuilt() {
        service.create(request(false), Progress.none());
        catalogs.lacking(BUILDER);

        service.check(new VmCreate(
                "other", null, null, null, null, null, null, List.of(), true, false, null, false, null, null, false,
                null, null, null));
    }

    /** Its image and kernel come from there. */
    @Test
    void aVmOfARuntimeBundleNeedsNothingBuilt() {
        catalogs.lacking(BUILDER);

        service.check(new VmCreate(
                "dev",
                null,
                null,
                null,
                null,
                null,
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
                "/opt/bundle"));
    }

    @Test
    void anImageIsNotBegunThatCannotBeMade() {
        lacks.add(TOOL);

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> service.checkCustomize(
                        ImageService.DEFAULT, new ImageCustomize(null, null, null, null, null, null)))
                .withMessageContaining("there is no mkdisk");
        assertThat(store.all()).isEmpty();
    }
}
