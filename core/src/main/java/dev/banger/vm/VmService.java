package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageCustomize;
import dev.banger.api.ImageKeep;
import dev.banger.api.LogKind;
import dev.banger.api.NatStatus;
import dev.banger.api.NetworkUsage;
import dev.banger.api.PinnedAddress;
import dev.banger.api.StopMode;
import dev.banger.api.TemplateWarm;
import dev.banger.api.VmCreate;
import dev.banger.api.VmFork;
import dev.banger.api.VmProject;
import dev.banger.api.VmSet;
import dev.banger.api.VmState;
import dev.banger.api.VmStats;
import dev.banger.api.WaitFor;
import dev.banger.image.Image;
import dev.banger.image.ImageService;
import dev.banger.kernel.Kernel;
import dev.banger.kernel.KernelService;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import dev.banger.snapshot.SnapshotStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the VMs: the one service that creates, starts, stops, changes and deletes them and leads into their guests.
 * Thread-safe; docs/concurrency.md names its locks. References are names, ids or unique id prefixes.
 */
public final class VmService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VmService.class);
    private static final Duration STATS = Duration.ofSeconds(5);

    private final VmStore store;
    private final HandleCache handles;
    private final VmLiveness liveness;
    private final LiveVms live;
    private final VmLifecycle lifecycle;
    private final VmStarter starter;
    private final IdlePause idlePause;
    private final Reconcile reconcile;
    private final VmCreation creation;
    private final NamedLocks locks = new NamedLocks();
    private final HostSeams host;
    private final ImageService images;
    private final KernelService kernels;
    private final Templates templates;
    private final Pool pool;
    private final Snapshots snapshots;
    private final Forks forks;
    private final Customization customization;

    /** {@code vmsDirectory} exists and belongs to this service alone. */
    public VmService(
            VmStore store,
            HandleFiles handleFiles,
            HostSeams host,
            ImageService images,
            KernelService kernels,
            Templates templates,
            SnapshotStore snapshotStore,
            Pool pool,
            Path vmsDirectory) {
        this.templates = templates;
        this.pool = pool;
        this.store = store;
        this.host = host;
        this.images = images;
        this.kernels = kernels;
        handles = new HandleCache(handleFiles);
        liveness = new VmLiveness(handles, host.processes());
        live = new LiveVms(host.guests(), this::ended);
        VmDirectories directories = new VmDirectories(vmsDirectory);
        lifecycle = new VmLifecycle(store, handles, liveness, live, directories, locks, host);
        starter = new VmStarter(
                lifecycle, store, handles, liveness, live, directories, locks, host, images, kernels, templates);
        idlePause = new IdlePause(store, live, lifecycle, host.networks());
        creation = new VmCreation(store, directories, locks, host, images, kernels);
        snapshots =
                new Snapshots(store, snapshotStore, lifecycle, starter, live, locks, host, images, kernels, templates);
        forks = new Forks(snapshots, store, snapshotStore, lifecycle, starter, creation, directories, locks, host);
        customization = new Customization(lifecycle, starter, creation, live, liveness, locks, host, images);
        reconcile = new Reconcile(store, handleFiles, handles, live, directories, lifecycle, snapshots, host);
    }

    /** Makes records and host agree. Called once, before anything else. */
    public void start() {
        templates.reconcile();
        pool.start();
        reconcile.run();
        takeUpNetworks();
        snapshots.reconcile();
        idlePause.start();
    }

    private void takeUpNetworks() {
        List<VmRecord> running =
                store.all().stream().filter(vm -> liveness.isAlive(vm.id())).toList();
        for (Network network : host.networks().all()) {
            network.takeUp(running.stream()
                    .filter(vm -> vm.spec().network().equals(network.name()))
                    .toList());
        }
    }

    /** Names of the VMs in a network. */
    public List<String> users(Network network) {
        return store.all().stream()
                .filter(vm -> vm.spec().network().equals(network.name()))
                .map(VmRecord::name)
                .toList();
    }

    /** Runs {@code work} while no VM comes into being; fails with IN_USE if one is in {@code network}. */
    public void unlessUsed(Network network, Runnable work) {
        creation.undisturbed(() -> {
            List<String> users = users(network);
            if (!users.isEmpty()) {
                throw new BangerException(
                        ErrorCode.IN_USE,
                        "the network " + network.name() + " is in use by " + String.join(", ", users)
                                + "; delete these VMs first");
            }
            pool.leave(network);
            work.run();
        });
    }

    /** Packets of a VM's that were denied. */
    public long denied(VmRecord vm) {
        return host.networks().of(vm).denied(vm);
    }

    /** What a VM may reach by the names it is allowed. */
    public List<PinnedAddress> pinned(VmRecord vm) {
        return host.networks().of(vm).pinned(vm);
    }

    /** A VM's NAT as the host has it. */
    public NatStatus natStatus(VmRecord vm) {
        return host.networks().of(vm).natStatus(vm);
    }

    private void ended(String id) {
        lifecycle.ended(id);
    }

    /** What is prepared ahead of need. */
    public Pool.Usage prepared() {
        return pool.usage();
    }

    /** The same, for doctor. */
    public Check pool() {
        return pool.doctor();
    }

    /** Directories of VMs that the database does not know: it was lost, or moved away. */
    public List<String> orphans() {
        return reconcile.orphans();
    }

    public List<VmRecord> all() {
        return store.all();
    }

    /** The VM that a reference means. */
    public VmRecord get(String ref) {
        var named = store.findByName(ref);
        if (named.isPresent()) {
            return named.get();
        }
        List<VmRecord> all = store.all();
        List<VmRecord> matching = ref.isEmpty()
                ? List.of()
                : all.stream().filter(vm -> vm.id().startsWith(ref)).toList();
        if (matching.size() == 1) {
            return matching.getFirst();
        }
        if (matching.size() > 1) {
            throw new BangerException(
                    ErrorCode.AMBIGUOUS,
                    "\"" + ref + "\" could be any of " + String.join(", ", VmLifecycle.names(matching))
                            + "; give more of the id");
        }
        String shown = ref.chars().allMatch(c -> c > 31 && c < 127) ? ref : "?";
        throw BangerException.notFound("there is no VM \"" + shown + "\"; "
                + (all.isEmpty() ? "there are none at all" : "\"banger vm ls\" lists those there are"));
    }

    /** Checks a request for a new VM without making it. */
    public void check(VmCreate request) {
        creation.check(request);
    }

    /** Makes a VM and starts it if asked to. Whatever fails, nothing is left of it. */
    public VmRecord create(VmCreate request, Progress progress) {
        VmRecord vm = made(request, progress);
        if (!request.start() || request.project() == null) {
            return vm;
        }
        try (Rollback rollback = new Rollback()) {
            rollback.push("the new VM " + vm.name(), () -> lifecycle.discard(vm));
            VmRecord ready = runScripts(vm, progress);
            rollback.keep();
            return ready;
        }
    }

    /** What a VM's project wants done after a start. Not under its lock: a script may take long, and be ended by a stop. */
    private VmRecord runScripts(VmRecord vm, Progress progress) {
        VmProject project = vm.spec().project();
        if (project == null) {
            return vm;
        }
        ProjectScripts scripts = new ProjectScripts(vm, live.channel(vm), progress);
        scripts.run(project, "setup", project.setup());
        VmRecord ready = project.setup().isEmpty() ? vm : withoutSetup(vm.id());
        scripts.run(project, "start", project.start());
        return ready;
    }

    private VmRecord withoutSetup(String id) {
        try (var lock = locks.take(id)) {
            VmRecord vm = lifecycle.existing(id);
            VmProject project = vm.spec().project();
            return project == null ? vm : lifecycle.save(vm.with(vm.spec().withProject(project.withoutSetup())));
        }
    }

    private VmRecord made(VmCreate request, Progress progress) {
        Optional<Pool.Prepared> prepared = prepared(request);
        if (prepared.isPresent()) {
            return createPrepared(request, prepared.get(), progress);
        }
        VmRecord reserved = creation.reserve(request);
        try (Rollback rollback = new Rollback()) {
            rollback.push("the new VM " + reserved.name(), () -> lifecycle.discard(reserved));
            VmRecord vm = creation.complete(reserved, !request.start(), progress);
            if (request.start()) {
                vm = starter.startCreated(
                        vm, request.cold(), Objects.requireNonNullElse(request.waitFor(), WaitFor.AGENT), progress);
            }
            rollback.keep();
            return vm;
        }
    }

    private VmRecord createPrepared(VmCreate request, Pool.Prepared prepared, Progress progress) {
        try (Rollback rollback = new Rollback()) {
            rollback.push("the prepared VM " + prepared.id(), () -> pool.discard(prepared));
            VmRecord reserved = creation.reserve(request, prepared.id());
            rollback.push("the new VM " + reserved.name(), () -> lifecycle.discard(reserved));
            VmRecord vm = creation.complete(reserved, prepared, progress);
            vm = starter.startPrepared(vm, prepared, progress);
            rollback.keep();
            return vm;
        }
    }

    /** A VM of the pool that can become the one that is asked for. */
    private Optional<Pool.Prepared> prepared(VmCreate request) {
        VmSpec spec = creation.spec(request);
        if (!request.start() || request.cold() || !images.has(spec.image()) || !kernels.has(spec.kernel())) {
            return Optional.empty();
        }
        Templates.Machine machine =
                templates.machine(spec, host.choose(spec), images.get(spec.image()), kernels.get(spec.kernel()));
        return pool.take(machine, spec);
    }

    public VmRecord start(String ref, Progress progress) {
        VmRecord vm = get(ref);
        recover(vm.id());
        VmRecord started = starter.start(vm.id(), WaitFor.AGENT, progress);
        boolean ranAlready =
                Objects.equals(vm.runtime().startedAt(), started.runtime().startedAt());
        return ranAlready ? started : scriptsOf(started, progress);
    }

    /** A VM whose scripts fail runs on, so that one can look at it. */
    private VmRecord scriptsOf(VmRecord started, Progress progress) {
        try {
            return runScripts(started, progress);
        } catch (BangerException e) {
            throw e.code() == ErrorCode.SCRIPT_FAILED
                    ? new BangerException(e.code(), e.getMessage() + "; it runs on", e.detail(), e)
                    : e;
        }
    }

    /** Stops a VM's CPUs until it is resumed. */
    public VmRecord pause(String ref) {
        return lifecycle.pause(get(ref).id(), false);
    }

    public VmRecord resume(String ref) {
        return lifecycle.resume(get(ref).id());
    }

    /** What a failed snapshot left half-way must not be started from. */
    private void recover(String id) {
        try (var lock = locks.take(id)) {
            snapshots.recover(lifecycle.existing(id), live.find(id).orElse(null));
        }
    }

    public VmRecord stop(String ref, StopMode mode, Progress progress) {
        return lifecycle.stop(get(ref).id(), mode, progress);
    }

    public VmRecord restart(String ref, Progress progress) {
        String id = get(ref).id();
        lifecycle.stop(id, StopMode.GRACEFUL, progress);
        return scriptsOf(starter.start(id, WaitFor.AGENT, progress), progress);
    }

    /** Deletes a VM. @return what it was */
    public VmRecord delete(String ref, Progress progress) {
        VmRecord vm = get(ref);
        lifecycle.delete(vm.id(), progress);
        snapshots.collectGarbage();
        return vm;
    }

    /** Deletes those of these VMs that are stopped when their turn comes. @return what they were */
    public List<VmRecord> prune(List<String> refs, Progress progress) {
        List<VmRecord> deleted = new ArrayList<>();
        for (String ref : refs) {
            VmRecord vm = get(ref);
            if (lifecycle.deleteIfStopped(vm.id(), progress)) {
                deleted.add(vm);
            }
        }
        snapshots.collectGarbage();
        return deleted;
    }

    /** Changes a VM. Cpus, memory, kernel and ports take effect at its next start, so it must be stopped; a work disk also grows while it runs. */
    public VmRecord set(String ref, VmSet change, Progress progress) {
        String id = get(ref).id();
        try (var lock = locks.take(id)) {
            VmRecord vm = lifecycle.existing(id);
            VmLifecycle.refuseUnfinished(vm);
            VmSpec spec = creation.changed(vm, change);
            if (spec.equals(vm.spec())) {
                return vm;
            }
            boolean alive = liveness.isAlive(id);
            if (alive) {
                refuseLive(vm, spec);
            }
            progress.stage("changing " + vm.name());
            if (!alive) {
                host.capabilities().forEach(capability -> capability.applyChange(vm, spec));
            } else if (spec.workDiskBytes() != vm.spec().workDiskBytes()) {
                RunningVm running = live.find(id).orElseThrow();
                GuestChannel guest = live.channel(vm);
                host.capabilities().forEach(capability -> capability.applyLive(vm, spec, running, guest));
            }
            VmRecord changed = vm.with(spec);
            store.update(changed);
            if (alive) {
                host.networks().of(changed).change(changed);
            }
            return changed;
        }
    }

    private static void refuseLive(VmRecord vm, VmSpec spec) {
        boolean grows = spec.workDiskBytes() != vm.spec().workDiskBytes();
        if (!spec.sameMachineAs(vm.spec()) || grows && vm.spec().workDiskBytes() == 0) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE,
                    vm.name() + " is running; stop it first: \"banger vm stop " + vm.name() + "\"");
        }
        if (grows && vm.runtime().state() != VmState.RUNNING) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE,
                    vm.name() + " is paused, and its guest has to grow the file system; \"banger vm resume " + vm.name()
                            + "\" lets it go on");
        }
    }

    /** What a new VM of that make would be. */
    public VmSpec templateSpec(TemplateWarm request) {
        return creation.spec(new VmCreate(
                null,
                request.image(),
                request.kernel(),
                request.cpus(),
                request.memoryMiB(),
                null,
                request.acceleration(),
                List.of(),
                true,
                false,
                null,
                false,
                null,
                null,
                request.nested(),
                request.vmm(),
                null,
                null));
    }

    public List<Snapshot> snapshots(String ref) {
        return snapshots.of(get(ref));
    }

    public Snapshot snapshot(String ref, String name) {
        return snapshots.get(get(ref), name);
    }

    public Snapshot createSnapshot(String ref, @Nullable String name, Progress progress) {
        return snapshots.create(get(ref).id(), name, progress);
    }

    public VmRecord restoreSnapshot(String ref, String name, Progress progress) {
        return snapshots.restore(get(ref).id(), name, progress);
    }

    public void deleteSnapshot(String ref, String name) {
        snapshots.delete(get(ref).id(), name);
    }

    public List<VmRecord> fork(String ref, VmFork request, Progress progress) {
        return forks.fork(get(ref).id(), request, progress);
    }

    /** Checks a request for a VM to make an image in, changing nothing. */
    public void checkCustomize(String base, ImageCustomize request) {
        customization.check(base, request);
    }

    /** Boots a VM to make an image in. Whatever fails, nothing is left of it. */
    public VmRecord customize(String base, ImageCustomize request, Progress progress) {
        return customization.begin(base, request, progress);
    }

    /** Makes an image of such a VM, which then is gone. */
    public Image keepImage(String ref, ImageKeep request, Progress progress) {
        Image image = customization.finish(get(ref).id(), request, progress);
        delete(ref, progress);
        return image;
    }

    /** Names of what is based on a snapshot: VMs, and snapshots as {@code VM@NAME}. */
    public List<String> dependents(Snapshot snapshot) {
        return snapshots.dependents(snapshot);
    }

    /** The channel to a running VM's guest; it belongs to this service. */
    public GuestChannel guest(String ref) {
        return live.channel(awake(ref));
    }

    /** A VM that somebody is about to use: one that was paused for being idle is resumed. */
    public VmRecord awake(String ref) {
        live.touch(get(ref).id()); // before its state is looked at: it is not paused from now on
        VmRecord vm = get(ref);
        if (vm.runtime().state() != VmState.PAUSED) {
            return vm;
        }
        if (!vm.runtime().pausedByIdleness()) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE,
                    vm.name() + " is paused; \"banger vm resume " + vm.name() + "\" lets it go on");
        }
        return lifecycle.resume(vm.id());
    }

    public VmStats stats(String ref) {
        VmRecord vm = get(ref);
        GuestChannel.GuestStats guest = live.channel(vm).stats(STATS);
        VmmProcesses.Usage usage = handles.get(vm.id())
                .flatMap(found -> host.processes().usage(found.pid()))
                .orElse(new VmmProcesses.Usage(0, 0, 0));
        return new VmStats(
                vm.id(),
                vm.name(),
                guest.uptimeMillis(),
                guest.load1(),
                guest.memoryTotal(),
                guest.memoryAvailable(),
                guest.rootTotal(),
                guest.rootAvailable(),
                guest.workTotal(),
                guest.workAvailable(),
                guest.processes(),
                guest.cpuMillis(),
                usage.residentBytes(),
                usage.proportionalBytes(),
                usage.cpuMillis(),
                traffic(vm).orElse(null));
    }

    /** What went over a VM's link since it was started; empty where that is not known. */
    public Optional<NetworkUsage> traffic(VmRecord vm) {
        return host.networks().of(vm).traffic(vm);
    }

    /** The file of a log; it may not be there yet. */
    public Path log(String ref, LogKind kind) {
        VmRuntime runtime = get(ref).runtime();
        return Path.of(
                switch (kind) {
                    case CONSOLE -> runtime.logPath();
                    case VMM -> runtime.vmmLogPath();
                });
    }

    public boolean isAlive(VmRecord vm) {
        return liveness.isAlive(vm.id());
    }

    /** The handles of a VM, if it runs. */
    public Optional<VmHandles> handles(VmRecord vm) {
        return liveness.isAlive(vm.id()) ? handles.get(vm.id()) : Optional.empty();
    }

    /** Names of the VMs based on a build of an image. */
    public List<String> users(Image image) {
        return VmLifecycle.names(store.all().stream()
                .filter(vm -> vm.spec().image().equals(image.name())
                        && (vm.spec().imageDigest().isEmpty()
                                || vm.spec().imageDigest().equals(image.digest())))
                .toList());
    }

    /** Who cannot do without a build of an image, for people: VMs, and snapshots of others that have it below them. */
    public List<String> dependents(Image image) {
        return dependents(
                users(image),
                key -> key.image().equals(image.name()) && key.imageDigest().equals(image.digest()));
    }

    /** The same of a kernel: the memory of a snapshot goes with no other one. */
    public List<String> dependents(Kernel kernel) {
        return dependents(
                users(kernel),
                key -> key.kernel().equals(kernel.name()) && key.kernelDigest().equals(kernel.digest()));
    }

    private List<String> dependents(List<String> vms, Predicate<MachineKey> needed) {
        List<String> all =
                new ArrayList<>(vms.stream().map(name -> "VM " + name).toList());
        snapshots.needing(needed).stream()
                .filter(each -> vms.stream().noneMatch(name -> each.startsWith(name + "@")))
                .forEach(each -> all.add("snapshot " + each));
        return all;
    }

    /** Removes what was made of an image ahead of need, and is made again when it is needed: prepared VMs and templates. */
    public void letGo(Image image) {
        letGo(key -> key.imageDigest().equals(image.digest()));
    }

    /** The same of a kernel. */
    public void letGo(Kernel kernel) {
        letGo(key -> key.kernelDigest().equals(kernel.digest()));
    }

    private void letGo(Predicate<MachineKey> doomed) {
        pool.leaveMachines(doomed);
        templates.deleteAll(doomed);
    }

    /** Names of the VMs that boot a kernel. */
    public List<String> users(Kernel kernel) {
        return VmLifecycle.names(store.all().stream()
                .filter(vm -> vm.spec().kernel().equals(kernel.name()))
                .toList());
    }

    /** Lets go of all VMs; they run on. */
    @Override
    public void close() {
        idlePause.close();
        live.close();
        LOG.info("Let go of all VMs");
    }
}
