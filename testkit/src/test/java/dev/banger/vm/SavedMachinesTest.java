package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.StopMode;
import dev.banger.api.TemplateWarm;
import dev.banger.api.VmCreate;
import dev.banger.api.VmFork;
import dev.banger.api.VmProject;
import dev.banger.api.VmState;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
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
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Templates, snapshots and forks over a host in memory: who may delete what, and what a failure leaves. */
class SavedMachinesTest {
    @TempDir
    private Path root;

    private final FakeHost host = new FakeHost();
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
        templates = newTemplates();
        service = anotherService();
    }

    private HostSeams seams() {
        return host.seams(new WorkDiskCapability(new FakeWorkDisks()));
    }

    private Templates newTemplates() {
        return new Templates(templateStore, seams(), catalogs.images(), catalogs.kernels(), Templates.Policy.MANUAL);
    }

    private VmService anotherService() throws IOException {
        HostSeams seams = seams();
        ImageService images = catalogs.images();
        KernelService kernels = catalogs.kernels();
        Path pool = Files.createDirectories(root.resolve("pool"));
        VmService made = new VmService(
                store,
                files,
                seams,
                images,
                kernels,
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

    private Snapshot template() {
        return templates.warm(
                service.templateSpec(new TemplateWarm(null, null, null, null, null, false, null)), Progress.none());
    }

    @Test
    void aNewVmStartsFromATemplateAndOnlyACurrentOne() {
        Snapshot template = template();
        assertThat(host.runningIds()).as("the template's own machine").isEmpty();

        assertThat(create("one").runtime().startedFrom()).isEqualTo("template");
        templateStore.damage(template.id(), "memory is missing");
        assertThat(create("two").runtime().startedFrom()).isEqualTo("boot");

        assertThat(templateStore.setAside()).containsExactly(template.id());
    }

    @Test
    void aTemplateThatOthersCameUpFromOutlivesAVmThatIsLate() {
        Snapshot template = template();
        create("first");

        host.beLate(Step.IDENTIFY);
        assertThat(create("late").runtime().startedFrom()).isEqualTo("boot");

        assertThat(templateStore.setAside()).isEmpty();
        assertThat(templates.all()).extracting(Snapshot::id).containsExactly(template.id());
        assertThat(create("next").runtime().startedFrom()).isEqualTo("template");
    }

    @Test
    void aTemplateThatNobodyCameUpFromYetIsSetAsideForAVmThatIsLate() {
        Snapshot template = template();

        host.beLate(Step.IDENTIFY);
        assertThat(create("late").runtime().startedFrom()).isEqualTo("boot");

        assertThat(templateStore.setAside()).containsExactly(template.id());
    }

    @ParameterizedTest
    @EnumSource(
            value = Step.class,
            names = {"BOOT", "HELLO", "IDENTIFY", "SAVE", "ROOT_DISK"})
    void aTemplateThatCannotBeMadeLeavesNothing(Step step) {
        service.create(
                new VmCreate(
                        "dev", null, null, null, null, null, null, List.of(), false, false, null, false, null, null,
                        false, null, null, null),
                Progress.none());
        host.fail(step);

        assertThatThrownBy(this::template).isInstanceOf(BangerException.class);

        assertThat(templateStore.all()).isEmpty();
        assertThat(templateStore.making()).isEmptyDirectory();
        assertThat(host.runningIds()).isEmpty();
    }

    private long hellos(VmRecord vm) {
        return host.log().stream().filter(("HELLO " + vm.id())::equals).count();
    }

    @Test
    void aSnapshotLeavesTheChannelToTheGuestOpen() {
        VmRecord dev = create("dev");
        service.createSnapshot("dev", "one", Progress.none());
        assertThat(hellos(dev)).isEqualTo(1);
    }

    /** Nothing would tell on this side that a channel through a vsock is dead: the next command would wait in vain. */
    @Test
    void aSnapshotEndsAChannelThroughAVsockAndAnotherIsMade() {
        host.guestsHaveVsocks();
        VmRecord dev = create("dev");
        service.createSnapshot("dev", "one", Progress.none());
        assertThat(hellos(dev)).isEqualTo(2);
        assertThat(host.log()).endsWith("SET_CLOCK " + dev.id());
    }

    @Test
    void aSnapshotThatSomethingIsBasedOnStays() {
        create("dev");
        Snapshot one = service.createSnapshot("dev", "one", Progress.none());
        service.createSnapshot("dev", "two", Progress.none());

        assertThat(service.dependents(one)).containsExactly("dev@two");
        assertThatThrownBy(() -> service.deleteSnapshot("dev", "one")).hasMessageContaining("dev@two");

        service.deleteSnapshot("dev", "two");
        service.deleteSnapshot("dev", "one");
        assertThat(service.snapshots("dev"))
                .allSatisfy(each -> assertThat(each.hasMemory()).isFalse());
        service.delete("dev", Progress.none());
        assertThat(snapshotStore.all()).isEmpty();
    }

    @Test
    void forksAreBasedOnWhatTheirParentWasAndOutliveIt() {
        VmRecord dev = create("dev");

        List<VmRecord> forks = service.fork("dev", new VmFork("fork", 2), Progress.none());

        assertThat(forks).extracting(VmRecord::name).containsExactly("fork-1", "fork-2");
        assertThat(forks)
                .allSatisfy(fork -> assertThat(fork.runtime().startedFrom()).isEqualTo("fork"));
        assertThat(service.get("dev").runtime().state()).isEqualTo(VmState.RUNNING);
        assertThat(forks)
                .allSatisfy(fork -> assertThat(fork.runtime().machineId())
                        .isNotEqualTo(dev.runtime().machineId()));
        service.delete("dev", Progress.none());
        assertThat(snapshotStore.all()).hasSize(1);
        service.delete("fork-1", Progress.none());
        service.delete("fork-2", Progress.none());
        assertThat(snapshotStore.all()).isEmpty();
        assertThat(snapshotStore.making()).isEmptyDirectory();
    }

    @Test
    void aForkHasBeenSetUpAlready() {
        VmProject.Script script = new VmProject.Script("x", "true");
        VmRecord dev = create("dev");
        store.update(dev.with(
                dev.spec().withProject(new VmProject("/p/banger.toml", Map.of(), List.of(script), List.of(script)))));

        VmRecord fork =
                service.fork("dev", new VmFork("fork", 1), Progress.none()).getFirst();

        assertThat(fork.spec().project())
                .isEqualTo(new VmProject("/p/banger.toml", Map.of(), List.of(), List.of(script)));
    }

    /** Whatever fails, no fork is left and the parent runs. */
    @ParameterizedTest
    @EnumSource(
            value = Step.class,
            names = {"SAVE", "SWITCH_DISKS", "NETWORK", "BOOT", "HELLO", "IDENTIFY", "AFTER_START"})
    void aForkThatFailsLeavesTheParentAlone(Step step) throws IOException {
        VmRecord dev = create("dev");
        host.fail(step);

        assertThatThrownBy(() -> service.fork("dev", new VmFork("fork", 2), Progress.none()))
                .isInstanceOf(BangerException.class);
        host.heal();

        assertThat(store.all()).extracting(VmRecord::name).containsExactly("dev");
        assertThat(host.runningIds()).containsExactly(dev.id());
        assertThat(service.get("dev").runtime().state()).isEqualTo(VmState.RUNNING);
        assertThat(snapshotStore.making()).isEmptyDirectory();
        service.createSnapshot("dev", "after", Progress.none());
        VmService second = anotherService();
        assertThat(second.get("dev").runtime().state()).isEqualTo(VmState.RUNNING);
    }

    /** The guest's clock stood still while it was saved. One that does not answer costs nobody his snapshot. */
    @Test
    void theClockIsSetAfterASnapshotAndAFork() {
        VmRecord dev = create("dev");
        service.createSnapshot("dev", "one", Progress.none());
        service.fork("dev", new VmFork("fork", 1), Progress.none());
        assertThat(host.log())
                .filteredOn(each -> each.equals("SET_CLOCK " + dev.id()))
                .hasSize(2);

        host.fail(Step.SET_CLOCK);
        service.createSnapshot("dev", "two", Progress.none());
        assertThat(service.snapshots("dev"))
                .hasSize(3)
                .anySatisfy(each -> assertThat(each.origin())
                        .isNotNull()
                        .extracting(Snapshot.Origin::name)
                        .isEqualTo("two"));
    }

    /** A disk made anew would lie on the image: everything in the snapshots below would be gone without a word. */
    @Test
    void aMissingDiskIsNotReplacedByAnEmptyOne() throws IOException {
        create("dev");
        service.createSnapshot("dev", "one", Progress.none());
        service.stop("dev", StopMode.KILL, Progress.none());
        Files.delete(Path.of(service.get("dev").runtime().systemOverlay()));

        assertThatThrownBy(() -> service.start("dev", Progress.none())).hasMessageContaining("is missing");
    }

    @Test
    void aPausedVmIsPausedForTheNextDaemonToo() throws IOException {
        create("dev");
        service.pause("dev");

        VmService second = anotherService();

        assertThat(second.get("dev").runtime().state()).isEqualTo(VmState.PAUSED);
        assertThatThrownBy(() -> second.guest("dev")).hasMessageContaining("vm resume dev");
        assertThat(second.resume("dev").runtime().state()).isEqualTo(VmState.RUNNING);
    }
}
