package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.ImageCustomize;
import dev.banger.api.ImageKeep;
import dev.banger.api.StopMode;
import dev.banger.api.TerminalSize;
import dev.banger.api.VmCreate;
import dev.banger.api.VmState;
import dev.banger.image.Image;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import dev.banger.testkit.FakeHost;
import dev.banger.testkit.FakeHost.Step;
import dev.banger.testkit.MemoryHandleFiles;
import dev.banger.testkit.MemorySnapshotStore;
import dev.banger.testkit.MemoryVmStore;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Images that are made in a VM, over a host in memory. */
@Timeout(60)
class CustomizationTest {
    private static final ImageCustomize ANY = new ImageCustomize(null, null, null, null, null, null);

    @TempDir
    private Path vms;

    @TempDir
    private Path staging;

    private final MemorySnapshotStore saved;
    private final FakeHost host = new FakeHost();
    private final FakeCatalogs catalogs = new FakeCatalogs();
    private final MemoryVmStore store = new MemoryVmStore();
    private final MemoryHandleFiles files = new MemoryHandleFiles();
    private final List<ExecRequest> executed = new ArrayList<>();
    private final ImageService images = catalogs.images();

    CustomizationTest(@TempDir Path saved) {
        this.saved = new MemorySnapshotStore(saved);
    }

    @BeforeEach
    void guestsWithAShell() {
        catalogs.stageIn(staging);
        shellEnding(0);
    }

    private void shellEnding(int status) {
        host.guestsRun(request -> {
            executed.add(request);
            return new Ended(status);
        });
    }

    private VmService service() {
        HostSeams seams = host.seams();
        KernelService kernels = catalogs.kernels();
        Templates templates = new Templates(saved, seams, images, kernels, Templates.Policy.MANUAL);
        Pool pool = new Pool(templates, seams, saved.place("pool"), 0, () -> 4096);
        VmService service = new VmService(store, files, seams, images, kernels, templates, saved, pool, vms);
        service.start();
        return service;
    }

    private void assertNoVmIsLeft() throws Exception {
        assertThat(store.all()).isEmpty();
        assertThat(host.runningIds()).isEmpty();
        assertThat(host.attachedIds()).isEmpty();
        try (Stream<Path> entries = Files.list(vms)) {
            assertThat(entries).isEmpty();
        }
    }

    private static void assertCode(Throwable e, ErrorCode code) {
        assertThat(e)
                .isInstanceOfSatisfying(
                        BangerException.class, b -> assertThat(b.code()).isEqualTo(code));
    }

    @Test
    void theVmBootsFromACopyOfTheImageWithoutAWorkDiskAndGoesWithItsCommand() {
        VmRecord vm = service().customize("debian", ANY, Progress.none());

        assertThat(vm.runtime().state()).isEqualTo(VmState.RUNNING);
        assertThat(vm.runtime().startedFrom()).isEqualTo("boot");
        assertThat(vm.runtime().systemOverlay()).endsWith("/root.raw");
        assertThat(vm.spec().workDiskBytes()).isZero();
        assertThat(vm.spec().ephemeral()).isTrue();
    }

    @Test
    void itBecomesAnImageAndIsGone() throws Exception {
        VmService service = service();
        VmRecord vm = service.customize("debian", ANY, Progress.none());

        Image image = service.keepImage(vm.id(), new ImageKeep("mine", false), Progress.none());

        assertThat(image.name()).isEqualTo("mine");
        assertThat(image.source()).isEqualTo("customized debian");
        assertThat(images.has("mine")).isTrue();
        assertThat(executed).hasSize(1);
        assertThat(host.log()).containsSubsequence("EXEC " + vm.id(), "POWEROFF " + vm.id(), "INTO_IMAGE " + vm.id());
        assertNoVmIsLeft();
    }

    @ParameterizedTest
    @EnumSource(
            value = Step.class,
            names = {"SAVE", "SWITCH_DISKS", "SET_CLOCK", "INTO_IMAGE", "GROW_DISK", "GROW_GUEST"},
            mode = Mode.EXCLUDE)
    void whateverFailsBeforeItRunsNothingIsLeft(Step step) throws Exception {
        host.fail(step);

        assertThatThrownBy(() -> service().customize("debian", ANY, Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.VMM_FAILED));

        assertNoVmIsLeft();
    }

    @Test
    void whatStillHasTheMarksOfAMachineBecomesNoImage() {
        VmService service = service();
        VmRecord vm = service.customize("debian", ANY, Progress.none());
        shellEnding(1);

        assertThatThrownBy(() -> service.keepImage(vm.id(), new ImageKeep("mine", false), Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.HOST_COMMAND_FAILED));

        assertThat(images.has("mine")).isFalse();
        assertThat(host.runningIds()).containsExactly(vm.id());
    }

    @Test
    void aDamagedFileSystemBecomesNoImage() {
        VmService service = service();
        VmRecord vm = service.customize("debian", ANY, Progress.none());
        host.fail(Step.INTO_IMAGE);

        assertThatThrownBy(() -> service.keepImage(vm.id(), new ImageKeep("mine", false), Progress.none()))
                .isInstanceOf(BangerException.class);

        assertThat(images.has("mine")).isFalse();
        assertThat(catalogs.discarded()).isGreaterThan(0);
    }

    @Test
    void aNameThatIsTakenIsRefusedUnlessItIsToBeReplaced() {
        VmService service = service();
        VmRecord vm = service.customize("debian", ANY, Progress.none());

        assertThatThrownBy(() -> service.keepImage(vm.id(), new ImageKeep("debian", false), Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.ALREADY_EXISTS));
        assertThat(host.runningIds()).containsExactly(vm.id());

        service.keepImage(vm.id(), new ImageKeep("debian", true), Progress.none());
        assertThat(images.get("debian").source()).isEqualTo("customized debian");
    }

    @Test
    void anOrdinaryVmBecomesNoImage() {
        VmService service = service();
        service.create(
                new VmCreate(
                        "dev", null, null, null, null, null, null, List.of(), true, false, null, false, null, null,
                        false, null, null, null),
                Progress.none());

        assertThatThrownBy(() -> service.keepImage("dev", new ImageKeep("mine", false), Progress.none()))
                .satisfies(e -> assertCode(e, ErrorCode.WRONG_STATE));
        assertThat(host.runningIds()).hasSize(1);
    }

    @Test
    void aFileSystemDoesNotShrink() {
        VmService service = service();
        service.create(
                new VmCreate(
                        "dev", null, null, null, null, null, null, List.of(), false, false, null, false, null, null,
                        false, null, null, null),
                Progress.none()); // now there is an image, which has 1024 bytes

        assertThatThrownBy(
                        () -> service.checkCustomize("debian", new ImageCustomize(1023L, null, null, null, null, null)))
                .satisfies(e -> assertCode(e, ErrorCode.INVALID_ARGUMENT));
    }

    @Test
    void aVmWhoseVmmStoppedItForWantOfSpaceIsEndedAndSaysWhy() {
        VmService service = service();
        VmRecord vm = service.customize("debian", ANY, Progress.none());

        host.stopOfItself(vm.id());

        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!host.runningIds().isEmpty() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        service.stop(vm.id(), StopMode.KILL, Progress.none()); // whoever holds its lock is done by then
        VmRecord ended = service.get(vm.id());
        assertThat(ended.runtime().state()).isEqualTo(VmState.STOPPED);
        assertThat(Objects.requireNonNullElse(ended.runtime().lastError(), "")).contains("disk is full");
        assertThat(Path.of(ended.runtime().systemOverlay()))
                .as("what takes up the space")
                .doesNotExist();
    }

    @Test
    void aDaemonThatComesAfterDeletesIt() throws Exception {
        service().customize("debian", ANY, Progress.none());

        service();

        assertNoVmIsLeft();
        assertThat(images.all()).hasSize(1);
    }

    /** A program that has said nothing and ended. */
    private record Ended(int status) implements ExecSession {
        @Override
        public OutputStream stdin() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public InputStream stdout() {
            return new ByteArrayInputStream(new byte[0]);
        }

        @Override
        public InputStream stderr() {
            return stdout();
        }

        @Override
        public void resize(TerminalSize size) {}

        @Override
        public void signal(int signal) {}

        @Override
        public int await() {
            return status;
        }

        @Override
        public void close() {}
    }
}
