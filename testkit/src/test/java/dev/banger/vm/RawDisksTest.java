package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.StopMode;
import dev.banger.api.TemplateWarm;
import dev.banger.api.VmCreate;
import dev.banger.api.VmFork;
import dev.banger.api.VmState;
import dev.banger.operation.Progress;
import dev.banger.snapshot.Snapshot;
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
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** VMs whose VMM takes disks only as they are, over a host in memory: with the whole disk in a file, or device-mapper below. */
class RawDisksTest {
    @TempDir
    private Path root;

    private final FakeHost host = new FakeHost().withDisks(DiskKind.COW);
    private final MemoryVmStore store = new MemoryVmStore();
    private final MemoryHandleFiles files = new MemoryHandleFiles();
    private final FakeCatalogs catalogs = new FakeCatalogs();
    private MemorySnapshotStore templateStore;
    private MemorySnapshotStore snapshotStore;
    private Templates templates;
    private VmService service;

    @BeforeEach
    void aService() throws IOException {
        templateStore = new MemorySnapshotStore(root.resolve("templates"));
        snapshotStore = new MemorySnapshotStore(root.resolve("snapshots"));
        templates =
                new Templates(templateStore, seams(), catalogs.images(), catalogs.kernels(), Templates.Policy.MANUAL);
        service = anotherService();
    }

    private HostSeams seams() {
        return host.seams(new WorkDiskCapability(new FakeWorkDisks()));
    }

    private VmService anotherService() throws IOException {
        HostSeams seams = seams();
        Path pool = Files.createDirectories(root.resolve("pool"));
        VmService made = new VmService(
                store,
                files,
                seams,
                catalogs.images(),
                catalogs.kernels(),
                templates,
                snapshotStore,
                new Pool(templates, seams, pool, 0, () -> 4096),
                Files.createDirectories(root.resolve("vms")));
        made.start();
        return made;
    }

    private VmRecord create(String name) {
        return service.create(
                new VmCreate(
                        name, null, null, null, null, null, null, List.of(), true, false, null, false, null, null,
                        false, null, null, null),
                Progress.none());
    }

    private static List<String> disks(VmRecord vm) throws IOException {
        try (Stream<Path> entries = Files.list(vm.directory())) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    private VmHandles handles(VmRecord vm) {
        return ((HandleFiles.Found.Handles) files.read(vm.directory())).handles();
    }

    /** Firecracker's machines have raw disks and a vsock, through which no channel outlives a snapshot. */
    @Test
    void aSnapshotEndsAChannelThroughAVsockAndAnotherIsMade() {
        host.guestsHaveVsocks();
        VmRecord dev = create("dev");
        service.createSnapshot("dev", "one", Progress.none());
        assertThat(host.log().stream().filter(("HELLO " + dev.id())::equals)).hasSize(2);
    }

    /** Until then a daemon that comes after a loss of power deletes it. */
    @Test
    void aVmIsSaidToHaveBeenCreatedOnceItsDisksAreWrittenOut_P31() {
        host.fail(Step.FLUSH);
        assertThatThrownBy(() -> create("dev")).isInstanceOf(BangerException.class);
        assertThat(store.all()).isEmpty();
        host.heal();

        VmRecord dev = create("dev");
        assertThat(host.log()).contains("FLUSH " + dev.id());
    }

    @Test
    void aVmThatIsThereStartsForTheFirstTimeFromDisksThatAreWrittenOut_P31() {
        VmRecord dev = service.create(
                new VmCreate(
                        "dev", null, null, null, null, null, null, List.of(), false, false, null, false, null, null,
                        false, null, null, null),
                Progress.none());
        service.start("dev", Progress.none());
        assertThat(host.log()).containsSubsequence("ROOT_DISK " + dev.id(), "FLUSH " + dev.id(), "BOOT " + dev.id());
        service.stop("dev", StopMode.KILL, Progress.none());
        int flushes = Collections.frequency(host.log(), "FLUSH " + dev.id());

        service.start("dev", Progress.none());
        assertThat(Collections.frequency(host.log(), "FLUSH " + dev.id()))
                .as("what its guest wrote is not waited for")
                .isEqualTo(flushes);
    }

    @Test
    void itsDevicesAreAmongItsHandlesAndGoWhenItStops() throws IOException {
        VmRecord dev = create("dev");

        assertThat(disks(dev)).containsExactly("root.cow", "work.raw");
        VmHandles handles = handles(dev);
        assertThat(handles.baseLoop()).isEqualTo("/dev/loop7");
        assertThat(handles.cowLoop()).isEqualTo("/dev/loop8");
        assertThat(handles.dmName()).isEqualTo("banger-" + dev.id());
        assertThat(handles.dmDevice()).isEqualTo("/dev/dm-9");

        service.stop("dev", StopMode.KILL, Progress.none());
        assertThat(host.devices()).isEmpty();
        assertThat(disks(dev)).containsExactly("root.cow", "work.raw");

        service.start("dev", Progress.none());
        assertThat(host.devices()).hasSize(1);
        service.delete("dev", Progress.none());
        assertThat(host.devices()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = Step.class,
            names = {"ROOT_DISK", "NETWORK", "BOOT", "HELLO", "IDENTIFY", "AFTER_START"})
    void aStartThatFailsLeavesNoDevice_P7_P8_P9(Step step) {
        host.fail(step);

        assertThatThrownBy(() -> create("dev")).isInstanceOf(BangerException.class);

        assertThat(host.devices()).isEmpty();
        assertThat(store.all()).isEmpty();
    }

    @Test
    void aVmmThatEndsByItselfLeavesNoDevice() {
        VmRecord dev = create("dev");

        host.crash(dev.id());

        long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (!host.devices().isEmpty() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        assertThat(host.devices()).isEmpty();
    }

    /** What the host shows decides, not the file (B4). */
    @Test
    void theNextDaemonFindsTheDevicesWithoutTheFile() throws IOException {
        VmRecord dev = create("dev");
        VmHandles before = handles(dev);
        files.delete(dev.directory());

        anotherService();

        assertThat(handles(dev).dmDevice()).isEqualTo(before.dmDevice());
        assertThat(handles(dev).cowLoop()).isEqualTo(before.cowLoop());
    }

    @Test
    void theNextDaemonTearsDownWhatADeadVmmLeft() throws IOException {
        VmRecord dev = create("dev");
        service.close();
        host.crash(dev.id());

        VmService second = anotherService();

        assertThat(second.get("dev").runtime().state()).isEqualTo(VmState.STOPPED);
        assertThat(host.devices()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = DiskKind.class,
            names = {"RAW", "COW"})
    void aSnapshotIsACopyAndTheVmKeepsItsDisks(DiskKind kind) throws IOException {
        host.withDisks(kind);
        VmRecord dev = create("dev");
        List<String> before = disks(dev);

        Snapshot one = service.createSnapshot("dev", "one", Progress.none());

        assertThat(disks(dev)).isEqualTo(before);
        assertThat(one.disk("root")).exists();
        assertThat(one.disk("work")).exists();
        assertThat(one.hasMemory()).isTrue();
        assertThat(service.get("dev").runtime().base()).isNull();
        assertThat(service.dependents(one)).isEmpty();
        assertThat(service.get("dev").runtime().state()).isEqualTo(VmState.RUNNING);

        VmRecord restored = service.restoreSnapshot("dev", "one", Progress.none());
        assertThat(restored.runtime().startedFrom()).isEqualTo("snapshot");
        assertThat(disks(dev)).hasSize(2).isNotEqualTo(before);
        assertThat(host.devices()).hasSize(kind == DiskKind.COW ? 1 : 0);

        service.deleteSnapshot("dev", "one");
        assertThat(snapshotStore.all()).isEmpty();
        service.stop("dev", StopMode.KILL, Progress.none());
        assertThat(service.start("dev", Progress.none()).runtime().state()).isEqualTo(VmState.RUNNING);
    }

    @Test
    void aSnapshotThatFailsCostsTheVmNothing() throws IOException {
        VmRecord dev = create("dev");
        host.fail(Step.SAVE);

        assertThatThrownBy(() -> service.createSnapshot("dev", "one", Progress.none()))
                .isInstanceOf(BangerException.class);

        assertThat(snapshotStore.all()).isEmpty();
        assertThat(snapshotStore.making()).isEmptyDirectory();
        assertThat(disks(dev)).containsExactly("root.cow", "work.raw");
        assertThat(service.get("dev").runtime().state()).isEqualTo(VmState.RUNNING);
    }

    @Test
    void aMissingDiskOfARestoredVmIsNotReplacedByAnEmptyOne() throws IOException {
        create("dev");
        service.createSnapshot("dev", "one", Progress.none());
        service.restoreSnapshot("dev", "one", Progress.none());
        service.stop("dev", StopMode.KILL, Progress.none());
        Files.delete(Path.of(service.get("dev").runtime().systemOverlay()));

        assertThatThrownBy(() -> service.start("dev", Progress.none())).hasMessageContaining("is missing");
    }

    @Test
    void whatADaemonThatDiedWasRestoringIsRemoved() throws IOException {
        VmRecord dev = create("dev");
        Files.createFile(dev.directory().resolve("work.0123456789ab.raw"));
        Files.createFile(dev.directory().resolve("root.0123456789ab.cow"));

        anotherService();

        assertThat(disks(dev)).containsExactly("root.cow", "work.raw");
    }

    @Test
    void forksHaveCopiesOfTheirParentsDisks() throws IOException {
        create("dev");

        List<VmRecord> forks = service.fork("dev", new VmFork("fork", 2), Progress.none());

        for (VmRecord fork : forks) {
            assertThat(disks(fork)).containsExactly("root.cow", "work.raw");
            assertThat(fork.runtime().base()).isNull();
        }
        assertThat(host.devices()).hasSize(3);
        assertThat(snapshotStore.all()).isEmpty();
        service.delete("dev", Progress.none());
        assertThat(service.get("fork-1").runtime().state()).isEqualTo(VmState.RUNNING);
    }

    @Test
    void aVmFromATemplateHasDisksOfTheTemplatesKind() throws IOException {
        templates.warm(
                service.templateSpec(new TemplateWarm(null, null, null, null, null, false, null)), Progress.none());
        assertThat(host.devices()).as("the template's own").isEmpty();

        VmRecord dev = create("dev");

        assertThat(dev.runtime().startedFrom()).isEqualTo("template");
        assertThat(disks(dev)).containsExactly("root.cow", "work.raw");
    }

    @Test
    void aVmmThatNeedsATapMakesATemplateWithoutOneWhenItIsNamed() {
        host.needsTap();

        assertThatThrownBy(() -> templates.warm(
                        service.templateSpec(new TemplateWarm(null, null, null, null, null, false, null)),
                        Progress.none()))
                .hasMessageContaining("it needs a network with taps");
        templates.warm(
                service.templateSpec(new TemplateWarm(null, null, null, null, null, false, "qemu")), Progress.none());
        assertThat(templates.all()).hasSize(1);
        assertThatThrownBy(() ->
                        service.templateSpec(new TemplateWarm(null, null, null, null, null, false, "cloud-hypervisor")))
                .hasMessageContaining("vmm is auto, qemu or firecracker, not \"cloud-hypervisor\"");
    }

    @Test
    void aVmWithQcow2FilesIsRefusedBeforeAnythingIsDone() {
        host.withDisks(DiskKind.QCOW2);
        VmRecord dev = create("dev");
        service.stop("dev", StopMode.KILL, Progress.none());
        host.withDisks(DiskKind.RAW);

        assertThatThrownBy(() -> service.start("dev", Progress.none()))
                .isInstanceOf(BangerException.class)
                .hasMessageContaining("are qcow2 files");

        assertThat(host.runningIds()).doesNotContain(dev.id());
    }
}
