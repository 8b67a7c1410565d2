package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.PublishedPort;
import dev.banger.api.StopMode;
import dev.banger.api.VmCreate;
import dev.banger.api.VmSet;
import dev.banger.api.VmState;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import dev.banger.testkit.FakeHost;
import dev.banger.testkit.FakeHost.Step;
import dev.banger.testkit.MemoryHandleFiles;
import dev.banger.testkit.MemorySnapshotStore;
import dev.banger.testkit.MemoryVmStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/** The service over a host in memory: what holds whatever fails, and what a second daemon makes of a first one's VMs. */
class VmServiceTest {
    @TempDir
    private Path vms;

    private final MemorySnapshotStore templateStore;
    private final MemorySnapshotStore snapshotStore;

    VmServiceTest(@TempDir Path saved) {
        templateStore = new MemorySnapshotStore(saved.resolve("templates"));
        snapshotStore = new MemorySnapshotStore(saved.resolve("snapshots"));
    }

    private final FakeHost host = new FakeHost();
    private final FakeCatalogs catalogs = new FakeCatalogs();
    private final MemoryVmStore store = new MemoryVmStore();
    private final MemoryHandleFiles files = new MemoryHandleFiles();

    private VmService service() {
        HostSeams seams = host.seams();
        ImageService images = catalogs.images();
        KernelService kernels = catalogs.kernels();
        Templates templates = new Templates(templateStore, seams, images, kernels, Templates.Policy.MANUAL);
        Pool pool = new Pool(templates, seams, snapshotStore.place("pool"), 0, () -> 4096);
        VmService service = new VmService(store, files, seams, images, kernels, templates, snapshotStore, pool, vms);
        service.start();
        return service;
    }

    private static VmCreate request(@Nullable String name) {
        return new VmCreate(
                name, null, null, null, null, null, null, List.of(), true, false, null, false, null, null, false, null,
                null, null);
    }

    private static void assertCode(Throwable e, ErrorCode code) {
        assertThat(e)
                .isInstanceOfSatisfying(
                        BangerException.class, b -> assertThat(b.code()).isEqualTo(code));
    }

    private void assertNothingIsLeft() throws Exception {
        assertThat(store.all()).isEmpty();
        assertThat(host.runningIds()).isEmpty();
        assertThat(host.attachedIds()).isEmpty();
        assertThat(files.isEmpty()).isTrue();
        try (Stream<Path> entries = Files.list(vms)) {
            assertThat(entries).isEmpty();
        }
    }

    @Test
    void aCreatedVmRunsWithHandlesInItsFileAndNoneInItsRow() {
        VmRecord vm = service().create(request("dev"), Progress.none());

        assertThat(vm.runtime().state()).isEqualTo(VmState.RUNNING);
        assertThat(host.runningIds()).containsExactly(vm.id());
        assertThat(files.read(vm.directory())).isInstanceOf(HandleFiles.Found.Handles.class);
        assertThat(vm.runtime().lastStart()).isNotEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = Step.class,
            names = {"SAVE", "SWITCH_DISKS", "SET_CLOCK", "GROW_DISK", "GROW_GUEST", "INTO_IMAGE"},
            mode = Mode.EXCLUDE)
    void whateverStepFailsNothingIsLeft_P7_P8_P9(Step step) throws Exception {
        host.fail(step);

        assertThatThrownBy(() -> service().create(request("dev"), Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.VMM_FAILED));

        assertNothingIsLeft();
    }

    @ParameterizedTest
    @EnumSource(
            value = Step.class,
            names = {"SAVE", "SWITCH_DISKS", "SET_CLOCK", "GROW_DISK", "GROW_GUEST", "INTO_IMAGE"},
            mode = Mode.EXCLUDE)
    void aFailedStartLeavesAStoppedVmThatStartsLater(Step step) {
        VmService service = service();
        VmRecord vm = service.create(
                new VmCreate(
                        "dev", null, null, null, null, null, null, List.of(), false, false, null, false, null, null,
                        false, null, null, null),
                Progress.none());
        host.fail(step);
        assertThatThrownBy(() -> service.start("dev", Progress.none())).isInstanceOf(BangerException.class);
        assertThat(service.get("dev").runtime().state()).isEqualTo(VmState.STOPPED);
        assertThat(service.get("dev").runtime().lastError()).contains("told to fail");
        assertThat(host.runningIds()).isEmpty();

        host.heal();
        service.start("dev", Progress.none());

        assertThat(host.runningIds()).containsExactly(vm.id());
        assertThat(service.get("dev").runtime().lastError()).isNull();
    }

    @Test
    void deletingARunningVmLeavesNothing() throws Exception {
        VmService service = service();
        service.create(request("dev"), Progress.none());

        service.delete("dev", Progress.none());

        assertNothingIsLeft();
    }

    @Test
    void twentyCreatesOfOneNameHaveOneWinner() throws Exception {
        VmService service = service();
        List<Callable<String>> creates = IntStream.range(0, 20)
                .<Callable<String>>mapToObj(i -> () -> {
                    try {
                        service.create(request("dev"), Progress.none());
                        return "won";
                    } catch (BangerException e) {
                        return e.code().name();
                    }
                })
                .toList();
        List<String> outcomes = new ArrayList<>();
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            for (Future<String> outcome : threads.invokeAll(creates)) {
                outcomes.add(outcome.get());
            }
        }
        assertThat(outcomes).filteredOn("won"::equals).hasSize(1);
        assertThat(outcomes).filteredOn("ALREADY_EXISTS"::equals).hasSize(19);
        assertThat(host.runningIds()).hasSize(1);
    }

    @Test
    void tenCreatesAtOnceBuildTheImageOnce_P32() throws Exception {
        VmService service = service();
        List<Callable<VmRecord>> creates = IntStream.range(0, 10)
                .<Callable<VmRecord>>mapToObj(i -> () -> service.create(request(null), Progress.none()))
                .toList();
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            for (Future<VmRecord> created : threads.invokeAll(creates)) {
                created.get();
            }
        }
        assertThat(catalogs.builds()).isEqualTo(1);
        assertThat(catalogs.pulls()).isEqualTo(1);
        assertThat(host.runningIds()).hasSize(10);
        assertThat(store.all().stream().map(vm -> vm.runtime().hostAddress())).doesNotHaveDuplicates();
    }

    @Test
    void aBootOfOneVmDoesNotHoldUpAnother_P29_P36() throws Exception {
        VmService service = service();
        service.create(request("quick"), Progress.none());
        CountDownLatch gate = new CountDownLatch(1);
        host.gateBoots(gate);
        Thread slow = Thread.ofPlatform().daemon().start(() -> service.create(request("slow"), Progress.none()));

        service.stop("quick", StopMode.GRACEFUL, Progress.none());

        assertThat(service.get("quick").runtime().state()).isEqualTo(VmState.STOPPED);
        assertThat(slow.isAlive()).isTrue();
        gate.countDown();
        assertThat(slow.join(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void aCancelledCreateUndoesItself() throws Exception {
        VmService service = service();
        CountDownLatch gate = new CountDownLatch(1);
        host.gateBoots(gate);
        List<Throwable> failures = new ArrayList<>();
        Thread create = Thread.ofPlatform().daemon().start(() -> {
            try {
                service.create(request("dev"), Progress.none());
            } catch (BangerException e) {
                failures.add(e);
            }
        });
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (host.runningIds().isEmpty() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        create.interrupt();
        assertThat(create.join(Duration.ofSeconds(10))).isTrue();

        assertThat(failures).singleElement().satisfies(e -> assertCode(e, ErrorCode.CANCELLED));
        assertNothingIsLeft();
    }

    @Test
    void aGuestThatIgnoresStopIsForced_P2() {
        VmService service = service();
        VmRecord vm = service.create(request("dev"), Progress.none());
        host.guestIgnoresStop();

        service.stop("dev", StopMode.GRACEFUL, Progress.none());

        assertThat(service.get("dev").runtime().state()).isEqualTo(VmState.STOPPED);
        assertThat(host.log())
                .containsSubsequence("POWEROFF " + vm.id(), "FORCED-POWEROFF " + vm.id(), "QUIT " + vm.id());
    }

    @Test
    void stoppingAndStartingTwiceIsHarmless() {
        VmService service = service();
        service.create(request("dev"), Progress.none());

        service.stop("dev", StopMode.GRACEFUL, Progress.none());
        service.stop("dev", StopMode.GRACEFUL, Progress.none());
        service.start("dev", Progress.none());
        service.start("dev", Progress.none());

        assertThat(host.log()).filteredOn(line -> line.startsWith("BOOT")).hasSize(2);
    }

    @Test
    void aVmmThatEndsByItselfIsNoticed() {
        VmService service = service();
        VmRecord vm = service.create(request("dev"), Progress.none());

        host.crash(vm.id());

        awaitState(service, VmState.STOPPED);
        assertThat(service.get("dev").runtime().lastError()).contains("ended unexpectedly");
        service.start("dev", Progress.none());
        assertThat(host.runningIds()).containsExactly(vm.id());
    }

    @Test
    void aSecondDaemonKeepsRunningVms_B6() {
        VmRecord vm = service().create(request("dev"), Progress.none());
        long pid = pid(vm);

        VmService second = service();

        assertThat(second.get("dev").runtime().state()).isEqualTo(VmState.RUNNING);
        assertThat(second.isAlive(second.get("dev"))).isTrue();
        assertThat(second.handles(vm).orElseThrow().pid()).isEqualTo(pid);
        assertThat(second.stats("dev").name()).isEqualTo("dev");
    }

    @Test
    void aSecondDaemonFindsProcessesWithoutAHandlesFile_B4() {
        VmRecord vm = service().create(request("dev"), Progress.none());
        long pid = pid(vm);
        files.delete(vm.directory());

        VmService second = service();

        assertThat(second.handles(vm).orElseThrow().pid()).isEqualTo(pid);
        assertThat(files.read(vm.directory())).isInstanceOf(HandleFiles.Found.Handles.class);
    }

    @Test
    void aSecondDaemonFindsProcessesBehindADamagedHandlesFile_B4() {
        VmRecord vm = service().create(request("dev"), Progress.none());
        long pid = pid(vm);
        files.corrupt(vm.directory());

        assertThat(service().handles(vm).orElseThrow().pid()).isEqualTo(pid);
    }

    @Test
    void aSecondDaemonDemotesVmsWhoseProcessIsGone_P39_P42() {
        VmRecord vm = service().create(request("dev"), Progress.none());
        host.crash(vm.id());

        VmService second = service();

        assertThat(second.get("dev").runtime().state()).isEqualTo(VmState.STOPPED);
        assertThat(files.isEmpty()).isTrue();
        assertThat(host.attachedIds()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = VmState.class,
            names = {"CREATING", "DELETING"})
    void aSecondDaemonFinishesWhatWasHalfMadeOrHalfDeleted(VmState state) throws Exception {
        VmRecord vm = service().create(request("dev"), Progress.none());
        store.update(vm.with(vm.runtime().withState(state)));

        service();

        assertNothingIsLeft();
    }

    @Test
    void aSecondDaemonEndsAStartThatWasNotFinished() {
        VmRecord vm = service().create(request("dev"), Progress.none());
        store.update(vm.with(vm.runtime().withState(VmState.STARTING)));

        VmService second = service();

        assertThat(second.get("dev").runtime().state()).isEqualTo(VmState.STOPPED);
        assertThat(host.runningIds()).isEmpty();
    }

    @Test
    void aSecondDaemonLetsAGuestFinishItsShutdown_P1() {
        VmRecord vm = service().create(request("dev"), Progress.none());
        store.update(vm.with(vm.runtime().withState(VmState.STOPPING)));

        VmService second = service();

        assertThat(host.runningIds()).containsExactly(vm.id());
        host.crash(vm.id());
        awaitState(second, VmState.STOPPED);
    }

    @Test
    void aSecondDaemonUndoesACreateWhoseFirstBootWasNotFinished() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        host.gateBoots(gate);
        VmService first = service();
        Thread create = Thread.ofPlatform().daemon().start(() -> {
            try {
                first.create(request("dev"), Progress.none());
            } catch (BangerException e) {
                return; // the second daemon took its row away
            }
        });
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (host.runningIds().isEmpty() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }

        service();

        assertThat(store.all()).isEmpty();
        assertThat(host.runningIds()).isEmpty();
        gate.countDown();
        assertThat(create.join(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void aVmThatWasToGoWithItsCommandGoesWithTheDaemon() throws Exception {
        service()
                .create(
                        new VmCreate(
                                "dev", null, null, null, null, null, null, List.of(), true, false, null, true, null,
                                null, false, null, null, null),
                        Progress.none());

        service();

        assertNothingIsLeft();
    }

    @Test
    void aCancelledStopLeavesTheVmRunning_P1() throws Exception {
        VmService service = service();
        VmRecord vm = service.create(request("dev"), Progress.none());
        host.guestIgnoresStop();
        List<Throwable> failures = new ArrayList<>();
        Thread stop = Thread.ofPlatform().daemon().start(() -> {
            try {
                service.stop("dev", StopMode.GRACEFUL, Progress.none());
            } catch (BangerException e) {
                failures.add(e);
            }
        });
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!host.log().contains("POWEROFF " + vm.id()) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        stop.interrupt();
        assertThat(stop.join(Duration.ofSeconds(10))).isTrue();

        assertThat(failures).singleElement().satisfies(e -> assertCode(e, ErrorCode.CANCELLED));
        assertThat(host.runningIds()).containsExactly(vm.id());
        assertThat(service.get("dev").runtime().state()).isEqualTo(VmState.RUNNING);
    }

    @Test
    void aVmThatIsBeingCreatedCanBeDeletedButNotUsed() throws Exception {
        VmService service = service();
        CountDownLatch building = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        catalogs.duringBuild(() -> {
            building.countDown();
            awaitQuietly(go);
        });
        List<Throwable> failures = new ArrayList<>();
        Thread create = Thread.ofPlatform().daemon().start(() -> {
            try {
                service.create(request("dev"), Progress.none());
            } catch (BangerException e) {
                failures.add(e);
            }
        });
        awaitQuietly(building);
        assertThatThrownBy(() -> service.start("dev", Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.WRONG_STATE));
        assertThatThrownBy(() -> service.stop("dev", StopMode.KILL, Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.WRONG_STATE));
        assertThatThrownBy(() -> service.set(
                        "dev", new VmSet(1, null, null, null, null, null, null, null, null), Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.WRONG_STATE));
        assertThat(service.prune(List.of("dev"), Progress.none())).isEmpty();

        service.delete("dev", Progress.none());
        go.countDown();
        assertThat(create.join(Duration.ofSeconds(10))).isTrue();

        assertThat(failures).singleElement().satisfies(e -> assertCode(e, ErrorCode.NOT_FOUND));
        assertNothingIsLeft();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void awaitState(VmService service, VmState state) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (service.get("dev").runtime().state() != state && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(service.get("dev").runtime().state()).isEqualTo(state);
    }

    @Test
    void reconcilingTwiceChangesNothing() {
        service().create(request("dev"), Progress.none());
        service();
        List<VmRecord> once = store.all();

        service();

        assertThat(store.all()).isEqualTo(once);
    }

    @Test
    void disksAndProcessesOfALostDatabaseAreLeftAloneAndReported() {
        VmRecord vm = service().create(request("dev"), Progress.none());
        store.delete(vm.id());

        VmService second = service();

        assertThat(host.runningIds()).containsExactly(vm.id());
        assertThat(vm.directory()).exists();
        assertThat(second.orphans()).containsExactly(vm.id());
    }

    @Test
    void foreignDirectoriesBesideVmsAreLeftAlone() throws Exception {
        Path foreign = Files.createDirectory(vms.resolve("somebody-elses"));

        service();

        assertThat(foreign).exists();
    }

    @Test
    void aVmIsMeantByNameIdOrUniquePrefix() {
        VmService service = service();
        VmRecord vm = service.create(request("dev"), Progress.none());

        assertThat(service.get("dev").id()).isEqualTo(vm.id());
        assertThat(service.get(vm.id()).id()).isEqualTo(vm.id());
        assertThat(service.get(vm.id().substring(0, 6)).id()).isEqualTo(vm.id());
        assertThatThrownBy(() -> service.get("nope")).satisfies(e -> assertCode(e, ErrorCode.NOT_FOUND));
        assertThatThrownBy(() -> service.get("")).satisfies(e -> assertCode(e, ErrorCode.NOT_FOUND));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "A",
                "a b",
                "-a",
                "a-",
                "a.b",
                "../x",
                "a=b",
                "ä",
                "toolong-toolong-toolong-toolong-toolong-toolong-toolong-toolong-x"
            })
    void aBadNameIsRefusedBeforeAnythingIsMade_P57(String name) throws Exception {
        assertThatThrownBy(() -> service().create(request(name), Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.INVALID_ARGUMENT));
        assertNothingIsLeft();
    }

    @Test
    void numbersOutOfRangeAreRefusedBeforeAnythingIsMade() throws Exception {
        VmService service = service();
        for (VmCreate bad : List.of(
                new VmCreate(
                        "dev", null, null, 0, null, null, null, List.of(), true, false, null, false, null, null, false,
                        null, null, null),
                new VmCreate(
                        "dev", null, null, 5, null, null, null, List.of(), true, false, null, false, null, null, false,
                        null, null, null),
                new VmCreate(
                        "dev", null, null, null, 99999999L, null, null, List.of(), true, false, null, false, null, null,
                        false, null, null, null),
                new VmCreate(
                        "dev", null, null, null, 1L, null, null, List.of(), true, false, null, false, null, null, false,
                        null, null, null),
                new VmCreate(
                        "dev", null, null, null, null, 1L, null, List.of(), true, false, null, false, null, null, false,
                        null, null, null),
                new VmCreate(
                        "dev", null, null, null, null, null, "warp", List.of(), true, false, null, false, null, null,
                        false, null, null, null),
                new VmCreate(
                        "dev", null, null, null, null, null, null, List.of(), true, false, null, false, null, null,
                        false, "xen", null, null),
                new VmCreate(
                        "dev",
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of(PublishedPort.ofVm(80, 80), PublishedPort.ofVm(80, 81)),
                        true,
                        false,
                        null,
                        false,
                        null,
                        null,
                        false,
                        null,
                        null,
                        null))) {
            assertThatThrownBy(() -> service.create(bad, Progress.none()))
                    .satisfies(e -> assertCode(e, ErrorCode.INVALID_ARGUMENT));
        }
        assertNothingIsLeft();
    }

    @Test
    void anUnknownImageOrKernelIsRefused() throws Exception {
        VmService service = service();
        assertThatThrownBy(() -> service.check(new VmCreate(
                        "dev", "nope", null, null, null, null, null, List.of(), true, false, null, false, null, null,
                        false, null, null, null)))
                .satisfies(e -> assertCode(e, ErrorCode.NOT_FOUND));
        assertThatThrownBy(() -> service.check(new VmCreate(
                        "dev", null, "nope", null, null, null, null, List.of(), true, false, null, false, null, null,
                        false, null, null, null)))
                .satisfies(e -> assertCode(e, ErrorCode.NOT_FOUND));
        assertNothingIsLeft();
    }

    @Test
    void aRunningVmIsNotResizedAndADiskNeverShrinks() {
        VmService service = service();
        service.create(request("dev"), Progress.none());

        assertThatThrownBy(() -> service.set(
                        "dev", new VmSet(null, 1024L, null, null, null, null, null, null, null), Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.WRONG_STATE));
        service.stop("dev", StopMode.KILL, Progress.none());
        assertThatThrownBy(() -> service.set(
                        "dev", new VmSet(null, null, 1L << 30, null, null, null, null, null, null), Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.INVALID_ARGUMENT));
        assertThat(service.set("dev", new VmSet(null, 1024L, null, null, null, null, null, null, null), Progress.none())
                        .spec()
                        .memoryMiB())
                .isEqualTo(1024);
    }

    @Test
    void pruneDeletesStoppedVmsAlone() {
        VmService service = service();
        service.create(request("runs"), Progress.none());
        service.create(request("rests"), Progress.none());
        service.stop("rests", StopMode.KILL, Progress.none());

        assertThat(service.prune(List.of("runs", "rests"), Progress.none()))
                .extracting(VmRecord::name)
                .containsExactly("rests");
        assertThat(store.all()).extracting(VmRecord::name).containsExactly("runs");
    }

    private long pid(VmRecord vm) {
        return files.read(vm.directory()) instanceof HandleFiles.Found.Handles found
                ? found.handles().pid()
                : -1;
    }
}
