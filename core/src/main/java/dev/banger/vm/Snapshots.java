package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.VmState;
import dev.banger.api.WaitFor;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import dev.banger.operation.Uninterrupted;
import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import dev.banger.snapshot.SnapshotStore;
import dev.banger.vm.RootDisks.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Snapshots of VMs. One takes the VM's disks as they are out of its hands, and the VM goes on with overlays above them
 * ({@link DiskHandover}). Thread-safe: what happens to a VM happens under its lock.
 */
final class Snapshots {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);
    /** QEMU opens every file below a disk. */
    private static final int DEEPEST = 48;

    private final VmStore vms;
    private final SnapshotStore store;
    private final VmLifecycle lifecycle;
    private final VmStarter starter;
    private final DiskHandover handover;
    private final LiveVms live;
    private final NamedLocks locks;
    private final HostSeams host;
    private final ImageService images;
    private final KernelService kernels;
    private final Templates templates;
    private final SecureRandom random = new SecureRandom();
    /** Held while a snapshot and what is based on it come to be, so that it is not taken for garbage in between. */
    private final ReentrantLock bases = new ReentrantLock();

    Snapshots(
            VmStore vms,
            SnapshotStore store,
            VmLifecycle lifecycle,
            VmStarter starter,
            LiveVms live,
            NamedLocks locks,
            HostSeams host,
            ImageService images,
            KernelService kernels,
            Templates templates) {
        this.vms = vms;
        this.store = store;
        this.lifecycle = lifecycle;
        this.starter = starter;
        handover = new DiskHandover(vms, host.rootDisks());
        this.live = live;
        this.locks = locks;
        this.host = host;
        this.images = images;
        this.kernels = kernels;
        this.templates = templates;
    }

    /** Of a VM, oldest first. */
    List<Snapshot> of(VmRecord vm) {
        return store.all().stream()
                .filter(each -> origin(each).vmId().equals(vm.id()))
                .toList();
    }

    /** Those whose memory needs such a machine, as {@code VM@NAME}. */
    List<String> needing(Predicate<MachineKey> machine) {
        return store.all().stream()
                .filter(each -> each.hasMemory() && machine.test(each.key()))
                .map(Snapshots::label)
                .toList();
    }

    private static String label(Snapshot snapshot) {
        return origin(snapshot).vmName() + "@"
                + Objects.requireNonNullElse(origin(snapshot).name(), snapshot.id());
    }

    private static Snapshot.Origin origin(Snapshot snapshot) {
        return Objects.requireNonNull(snapshot.origin(), "a VM's snapshot knows its VM");
    }

    Snapshot get(VmRecord vm, String name) {
        return of(vm).stream()
                .filter(each -> name.equals(origin(each).name()))
                .findFirst()
                .orElseThrow(() -> BangerException.notFound("there is no snapshot \"" + name + "\" of " + vm.name()
                        + "; \"banger vm snapshot ls " + vm.name() + "\" lists those there are"));
    }

    /** Names of what is based on a snapshot. */
    List<String> dependents(Snapshot snapshot) {
        List<String> names = new ArrayList<>(vms.all().stream()
                .filter(vm -> snapshot.id().equals(vm.runtime().base()))
                .map(VmRecord::name)
                .toList());
        store.all().stream()
                .filter(each -> snapshot.id().equals(origin(each).parent()))
                .map(Snapshots::label)
                .forEach(names::add);
        return names;
    }

    Snapshot create(String vmId, @Nullable String wanted, Progress progress) {
        try (var lock = locks.take(vmId)) {
            VmRecord vm = savable(vmId);
            String name = wanted == null ? unusedName(vm) : VmName.check(wanted);
            if (of(vm).stream().anyMatch(each -> name.equals(origin(each).name()))) {
                throw new BangerException(
                        ErrorCode.ALREADY_EXISTS,
                        vm.name() + " has a snapshot \"" + name + "\"; choose another name, or \"banger vm snapshot rm "
                                + vm.name() + " " + name + "\" first");
            }
            String id = hex();
            Path unfinished = store.begin(id);
            try (Rollback rollback = new Rollback()) {
                rollback.push("the snapshot of " + vm.name(), () -> store.discard(unfinished));
                return save(vm, name, id, unfinished, unfinished, made -> {}, progress, rollback);
            }
        }
    }

    VmRecord savable(String vmId) {
        VmRecord vm = lifecycle.existing(vmId);
        VmLifecycle.refuseUnfinished(vm);
        recover(vm, live.find(vmId).orElse(null));
        vm = lifecycle.existing(vmId);
        if (Files.notExists(Path.of(vm.runtime().systemOverlay()))) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE, vm.name() + " has never run, so there is nothing to save of it");
        }
        if (depth(vm.runtime().base()) >= DEEPEST) {
            throw new BangerException(
                    ErrorCode.RESOURCE_EXHAUSTED,
                    "the disks of " + vm.name() + " lie on " + DEEPEST
                            + " snapshots already, one above the other; make a new VM, or go back to an older"
                            + " snapshot");
        }
        return vm;
    }

    private int depth(@Nullable String base) {
        int depth = 0;
        for (String id = base; id != null && depth <= DEEPEST; depth++) {
            id = store.find(id).map(each -> origin(each).parent()).orElse(null);
        }
        return depth;
    }

    private String unusedName(VmRecord vm) {
        List<String> taken =
                of(vm).stream().map(each -> String.valueOf(origin(each).name())).toList();
        return IntStream.iterate(1, n -> n + 1)
                .mapToObj(n -> "snapshot-" + n)
                .filter(name -> !taken.contains(name))
                .findFirst()
                .orElseThrow();
    }

    /**
     * Saves a VM. What fails before its VMM writes to the overlays is undone; from then on the disks are in a snapshot, if one without a
     * name and memory.
     *
     * @param memory the directory for memory and state
     * @param based makes what else is to be based on the snapshot, before it can be taken for garbage
     */
    Snapshot save(
            VmRecord vm,
            @Nullable String name,
            String id,
            Path unfinished,
            Path memory,
            Consumer<Snapshot> based,
            Progress progress,
            Rollback rollback) {
        Templates.Machine machine = machine(vm);
        Snapshot.Origin origin = new Snapshot.Origin(
                vm.id(),
                vm.name(),
                name,
                vm.runtime().base(),
                vm.spec().workDiskBytes(),
                vm.spec().ports());
        RunningVm running = live.find(vm.id()).filter(RunningVm::isAlive).orElse(null);
        if (!DiskHandover.isLayered(vm)) {
            return saveCopies(vm, machine.key(), origin, id, unfinished, memory, running, based, progress, rollback);
        }
        rollback.push("overlays of " + vm.name(), () -> DiskHandover.deleteOverlays(vm, id));
        List<Disk> overlays = handover.overlays(vm, store.place(id), id);
        BangerException failure = null;
        boolean goesOn = vm.runtime().state() == VmState.RUNNING;
        if (running == null) {
            DiskHandover.linkDisks(vm, unfinished);
            rollback.keep();
        } else {
            progress.stage("pausing " + vm.name());
            if (goesOn) {
                rollback.push("the pause of " + vm.name(), running::resume);
            }
            running.pause();
            DiskHandover.linkDisks(vm, unfinished);
            // Disks before memory: once that is saved, QEMU has let go of its disks until it resumes.
            running.switchDisks(overlays);
            rollback.keep();
            try {
                progress.stage("saving its memory");
                saveMemory(vm, running, memory);
            } catch (BangerException e) {
                failure = e; // the VM's disks are overlays by now, so what they are based on must be kept
                dropMemory(unfinished);
            } finally {
                if (goesOn) {
                    running.resume();
                }
            }
        }
        progress.stage("keeping the snapshot");
        Snapshot[] published = new Snapshot[1];
        boolean whole = failure == null;
        Uninterrupted.run(() -> {
            published[0] = finish(
                    vm, id, machine.key(), whole ? origin : origin.unnamed(), unfinished, whole ? based : made -> {});
            if (running != null && goesOn) {
                lifecycle.setClock(vm);
            }
            if (whole && name != null) {
                published[0] = store.seal(published[0]);
            }
        });
        if (failure != null) {
            throw failure;
        }
        LOG.info("Made snapshot {} ({}) of VM {}", name, id, vm.name());
        return published[0];
    }

    /** What fails is undone, and the VM has lost nothing but time. */
    private Snapshot saveCopies(
            VmRecord vm,
            MachineKey key,
            Snapshot.Origin origin,
            String id,
            Path unfinished,
            Path memory,
            @Nullable RunningVm running,
            Consumer<Snapshot> based,
            Progress progress,
            Rollback rollback) {
        boolean goesOn = running != null && vm.runtime().state() == VmState.RUNNING;
        if (running != null) {
            progress.stage("pausing " + vm.name());
            if (goesOn) {
                rollback.push("the pause of " + vm.name(), running::resume);
            }
            running.pause();
            progress.stage("saving its memory");
            saveMemory(vm, running, memory);
        }
        progress.stage("copying its disks");
        handover.copy(vm, unfinished);
        if (running != null && goesOn) {
            running.resume();
            lifecycle.setClock(vm);
        }
        progress.stage("keeping the snapshot");
        if (origin.name() == null) { // what is copied from it will not need it
            Snapshot made = unpublished(vm, key, origin, id, unfinished);
            based.accept(made);
            store.discard(unfinished);
            rollback.keep();
            return made;
        }
        Snapshot[] published = new Snapshot[1];
        Uninterrupted.run(() -> published[0] = store.seal(store.publish(id, key, origin, unfinished)));
        rollback.keep();
        LOG.info("Made snapshot {} ({}) of VM {}", origin.name(), id, vm.name());
        return published[0];
    }

    private static Snapshot unpublished(
            VmRecord vm, MachineKey key, Snapshot.Origin origin, String id, Path unfinished) {
        Map<String, Snapshot.FileFact> disks = new HashMap<>();
        for (Path disk : DiskHandover.copies(vm, unfinished)) {
            disks.put(disk.getFileName().toString(), new Snapshot.FileFact(0, 0, 0));
        }
        return new Snapshot(id, key, Instant.now(), origin, disks, unfinished);
    }

    private Snapshot finish(
            VmRecord vm, String id, MachineKey key, Snapshot.Origin origin, Path unfinished, Consumer<Snapshot> based) {
        bases.lock();
        try {
            Snapshot snapshot = store.publish(id, key, origin, unfinished);
            handover.replaceDisks(vm, id, id);
            based.accept(snapshot);
            return snapshot;
        } finally {
            bases.unlock();
        }
    }

    /** Finishes or undoes what a daemon that died, or a failure, left of a snapshot. Under the VM's lock, or before there are any. */
    void recover(VmRecord vm, @Nullable RunningVm running) {
        for (String id : DiskHandover.unfinishedIn(vm)) {
            Path unfinished = store.making().resolve(id);
            boolean whole = DiskHandover.hasOverlays(vm, id);
            boolean switched = running == null || running.writesTo(DiskHandover.rootOverlay(vm, id));
            if (whole && switched && store.find(id).isPresent()) {
                handover.replaceDisks(vm, id, id);
            } else if (whole && switched && DiskHandover.areLinked(unfinished)) {
                LOG.info("Finishing snapshot {} of VM {} without its memory", id, vm.name());
                dropMemory(unfinished);
                Snapshot.Origin origin = new Snapshot.Origin(
                        vm.id(),
                        vm.name(),
                        null,
                        vm.runtime().base(),
                        vm.spec().workDiskBytes(),
                        vm.spec().ports());
                finish(vm, id, machine(vm).key(), origin, unfinished, made -> {});
            } else {
                LOG.info("Undoing snapshot {} of VM {}", id, vm.name());
                DiskHandover.deleteOverlays(vm, id);
            }
        }
    }

    private void saveMemory(VmRecord vm, RunningVm running, Path directory) {
        try {
            running.save(directory.resolve(Snapshot.MEMORY), directory.resolve(Snapshot.STATE));
        } finally {
            live.saved(vm.id());
        }
    }

    private static void dropMemory(Path unfinished) {
        try {
            Files.deleteIfExists(unfinished.resolve(Snapshot.MEMORY));
            Files.deleteIfExists(unfinished.resolve(Snapshot.STATE));
        } catch (IOException e) {
            throw DiskHandover.failed("finish " + unfinished, e);
        }
    }

    Templates.Machine machine(VmRecord vm) {
        return templates.machine(
                vm.spec(),
                host.choose(vm),
                images.get(vm.spec().image(), vm.spec().imageDigest()),
                kernels.get(vm.spec().kernel()));
    }

    /** Makes a VM what it was. */
    VmRecord restore(String vmId, String name, Progress progress) {
        try (var lock = locks.take(vmId)) {
            VmRecord vm = lifecycle.existing(vmId);
            VmLifecycle.refuseUnfinished(vm);
            recover(vm, live.find(vmId).orElse(null));
            Snapshot snapshot = get(vm, name);
            refuseBroken(vm, snapshot);
            VmRecord then = asItWas(lifecycle.existing(vmId), snapshot);
            Templates.Machine machine = machine(then);
            List<String> obstacles = snapshot.hasMemory() ? snapshot.key().obstacles(machine.key()) : List.of();
            if (!obstacles.isEmpty()) {
                throw new BangerException(
                        ErrorCode.PRECONDITION_FAILED,
                        "the memory in snapshot " + name + " of " + vm.name() + " cannot be restored here: "
                                + String.join("; ", obstacles));
            }
            progress.stage("ending what runs in " + vm.name());
            VmRecord[] ready = new VmRecord[1];
            Uninterrupted.run(() -> {
                VmRecord stopped = lifecycle.endNow(then);
                handover.goBackTo(snapshot, stopped, hex());
                ready[0] = lifecycle.existing(vmId);
            });
            if (!snapshot.hasMemory()) {
                return ready[0];
            }
            return starter.launch(
                    ready[0],
                    machine,
                    VmStarter.Start.from(snapshot, "snapshot", false),
                    WaitFor.AGENT,
                    new Stages(progress));
        }
    }

    private void refuseBroken(VmRecord vm, Snapshot snapshot) {
        Optional<String> fault = store.fault(snapshot);
        if (fault.isPresent()) {
            throw new BangerException(
                    ErrorCode.DATA_CORRUPT,
                    "snapshot " + origin(snapshot).name() + " of " + vm.name() + " is broken: " + fault.get() + " ("
                            + snapshot.directory() + ")");
        }
    }

    private static VmRecord asItWas(VmRecord vm, Snapshot snapshot) {
        MachineKey key = snapshot.key();
        VmSpec now = vm.spec();
        return vm.with(new VmSpec(
                now.image(),
                now.imageDigest(),
                key.kernel(),
                key.cpus(),
                key.memoryMiB(),
                origin(snapshot).workDiskBytes(),
                now.acceleration(),
                now.network(),
                origin(snapshot).ports(),
                now.ephemeral(),
                now.idlePauseSeconds(),
                now.nat(),
                now.allowHosts(),
                now.netRate(),
                now.nested(),
                now.vmm(),
                now.project()));
    }

    /** Deletes a snapshot by name; refused where anything but its own VM's disks is based on it. */
    void delete(String vmId, String name) {
        try (var lock = locks.take(vmId)) {
            VmRecord vm = lifecycle.existing(vmId);
            Snapshot snapshot = get(vm, name);
            // Its own VM's disks, and what nobody has named, go on with its disks alone.
            List<String> others = new ArrayList<>(vms.all().stream()
                    .filter(each -> snapshot.id().equals(each.runtime().base())
                            && !each.id().equals(vmId))
                    .map(VmRecord::name)
                    .toList());
            store.all().stream()
                    .filter(each -> snapshot.id().equals(origin(each).parent())
                            && origin(each).name() != null)
                    .forEach(each -> others.add(
                            origin(each).vmName() + "@" + origin(each).name()));
            if (!others.isEmpty()) {
                throw new BangerException(
                        ErrorCode.IN_USE,
                        "snapshot " + name + " of " + vm.name() + " is what " + String.join(", ", others)
                                + (others.size() == 1 ? " is" : " are") + " based on; delete "
                                + (others.size() == 1 ? "that" : "those") + " first");
            }
            store.keepOnlyDisks(snapshot);
            collectGarbage();
        }
    }

    /** Removes what nobody has named and nothing is based on, and the snapshots of VMs that are gone. */
    void collectGarbage() {
        bases.lock();
        try {
            boolean again = true;
            while (again) {
                again = false;
                for (Snapshot snapshot : store.all()) {
                    boolean orphan = vms.find(origin(snapshot).vmId()).isEmpty();
                    if (orphan || origin(snapshot).name() == null) {
                        if (dependents(snapshot).isEmpty()) {
                            store.delete(snapshot);
                            again = true;
                        } else if (snapshot.hasMemory() || origin(snapshot).name() != null) {
                            store.keepOnlyDisks(snapshot);
                        }
                    }
                }
            }
        } finally {
            bases.unlock();
        }
    }

    /** Removes what a daemon that died was making. After all VMs have been recovered. */
    void reconcile() {
        host.processes().scan(store.making()).values().forEach(host.processes()::kill);
        store.clear();
        collectGarbage();
    }

    String hex() {
        byte[] value = new byte[6];
        random.nextBytes(value);
        return HexFormat.of().formatHex(value);
    }
}
