package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.VmCreate;
import dev.banger.api.VmFork;
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
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Snapshots of VMs, and forks, which are VMs that start from one nobody has named. A snapshot takes the VM's disks as they are
 * out of its hands, and the VM goes on with overlays above them. Thread-safe: what happens to a VM happens under its lock.
 *
 * <p>How disks change hands. First the overlays are made in the VM's directory, {@code root.ID.qcow2} and
 * {@code work.ID.qcow2}, naming the place where the snapshot will be; the files themselves become hard links in the unfinished
 * snapshot. The VMM then writes to the overlays, the snapshot is published, and with one update the VM's record names it and the
 * overlays. Nothing is renamed: QEMU opens a disk by its name once more when the next overlay is made. A daemon that dies on the
 * way leaves overlays that the record does not name; {@link #recover} sees by what else is there how far it came.
 */
final class Snapshots {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);
    private static final int MOST_FORKS = 64;
    /** QEMU opens every file below a disk. */
    private static final int DEEPEST = 48;

    private final VmStore vms;
    private final SnapshotStore store;
    private final VmLifecycle lifecycle;
    private final VmCreation creation;
    private final LiveVms live;
    private final VmDirectories directories;
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
            VmCreation creation,
            LiveVms live,
            VmDirectories directories,
            NamedLocks locks,
            HostSeams host,
            ImageService images,
            KernelService kernels,
            Templates templates) {
        this.vms = vms;
        this.store = store;
        this.lifecycle = lifecycle;
        this.creation = creation;
        this.live = live;
        this.directories = directories;
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
                .map(each -> origin(each).vmName() + "@"
                        + Objects.requireNonNullElse(origin(each).name(), each.id()))
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

    private VmRecord savable(String vmId) {
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
                            + " snapshots already, one above the other; make a new VM, or go back to an older snapshot");
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
    private Snapshot save(
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
        rollback.push("overlays of " + vm.name(), () -> deleteOverlays(vm, id));
        List<Disk> overlays = overlays(vm, store.place(id), id);
        BangerException failure = null;
        if (running == null) {
            linkDisks(vm, unfinished);
            rollback.keep();
        } else {
            progress.stage("pausing " + vm.name());
            boolean goesOn = vm.runtime().state() == VmState.RUNNING;
            if (goesOn) {
                rollback.push("the pause of " + vm.name(), running::resume);
            }
            running.pause();
            linkDisks(vm, unfinished);
            // Disks before memory: once that is saved, QEMU has let go of its disks until it resumes.
            running.switchDisks(overlays);
            rollback.keep();
            try {
                progress.stage("saving its memory");
                running.save(memory.resolve(Snapshot.MEMORY), memory.resolve(Snapshot.STATE));
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
        Uninterrupted.run(() -> published[0] = finish(
                vm, id, machine.key(), whole ? origin : origin.unnamed(), unfinished, whole ? based : made -> {}));
        if (failure != null) {
            throw failure;
        }
        LOG.info("Made snapshot {} ({}) of VM {}", name, id, vm.name());
        return published[0];
    }

    private Snapshot finish(
            VmRecord vm, String id, MachineKey key, Snapshot.Origin origin, Path unfinished, Consumer<Snapshot> based) {
        bases.lock();
        try {
            Snapshot snapshot = store.publish(id, key, origin, unfinished);
            replaceDisks(vm, id, id);
            based.accept(snapshot);
            return snapshot;
        } finally {
            bases.unlock();
        }
    }

    /** The overlays of {@code id} become the VM's disks: that its record says so is the moment. */
    private void replaceDisks(VmRecord vm, String id, String base) {
        VmRecord before = lifecycle.existing(vm.id());
        vms.update(before.with(before.runtime()
                .withDisks(
                        overlay(vm, "root", id).toString(),
                        overlay(vm, "work", id).toString(),
                        base)));
        try {
            Files.deleteIfExists(disk(before, "root"));
            Files.deleteIfExists(disk(before, "work"));
        } catch (IOException e) {
            LOG.warn(
                    "Could not remove old names of disks of VM {}",
                    vm.name(),
                    e); // they are links, and take up nothing
        }
    }

    private static Path disk(VmRecord vm, String serial) {
        return Path.of(
                serial.equals("root")
                        ? vm.runtime().systemOverlay()
                        : vm.runtime().workDisk());
    }

    private static Path overlay(VmRecord vm, String serial, String id) {
        return vm.directory().resolve(serial + "." + id + ".qcow2");
    }

    private List<Disk> overlays(VmRecord vm, Path place, String id) {
        List<Disk> made = new ArrayList<>();
        for (String serial : List.of("work", "root")) {
            Path overlay = overlay(vm, serial, id);
            host.rootDisks().overlay(disk(vm, serial), place.resolve(serial + ".qcow2"), overlay);
            made.add(new Disk(overlay, "qcow2", serial, false));
        }
        return made;
    }

    private static void linkDisks(VmRecord vm, Path unfinished) {
        try {
            Files.createLink(unfinished.resolve(Snapshot.ROOT), disk(vm, "root"));
            Files.createLink(unfinished.resolve(Snapshot.WORK), disk(vm, "work"));
        } catch (IOException e) {
            throw failed("take the disks of " + vm.name(), e);
        }
    }

    private static void deleteOverlays(VmRecord vm, String id) {
        try {
            Files.deleteIfExists(overlay(vm, "root", id));
            Files.deleteIfExists(overlay(vm, "work", id));
        } catch (IOException e) {
            throw failed("remove the overlays of " + vm.name(), e);
        }
    }

    private static BangerException failed(String what, IOException e) {
        return new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot " + what + ": " + e, e);
    }

    /** Finishes or undoes what a daemon that died, or a failure, left of a snapshot. Under the VM's lock, or before there are any. */
    void recover(VmRecord vm, @Nullable RunningVm running) {
        for (String id : unfinishedIn(vm)) {
            Path unfinished = store.making().resolve(id);
            boolean whole = Files.exists(overlay(vm, "root", id)) && Files.exists(overlay(vm, "work", id));
            boolean switched =
                    running == null || running.writesTo(new Disk(overlay(vm, "root", id), "qcow2", "root", false));
            if (whole && switched && store.find(id).isPresent()) {
                replaceDisks(vm, id, id);
            } else if (whole && switched && Files.exists(unfinished.resolve(Snapshot.ROOT))) {
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
                deleteOverlays(vm, id);
            }
        }
    }

    private static void dropMemory(Path unfinished) {
        try {
            Files.deleteIfExists(unfinished.resolve(Snapshot.MEMORY));
            Files.deleteIfExists(unfinished.resolve(Snapshot.STATE));
        } catch (IOException e) {
            throw failed("finish " + unfinished, e);
        }
    }

    /** Ids of those whose overlays lie in the VM's directory and are not its disks. */
    private static List<String> unfinishedIn(VmRecord vm) {
        if (!Files.isDirectory(vm.directory())) {
            return List.of();
        }
        List<String> ids = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(vm.directory(), "{root,work}.*.qcow2")) {
            for (Path entry : entries) {
                String id = entry.getFileName().toString().split("\\.")[1];
                boolean current = entry.equals(disk(vm, "root")) || entry.equals(disk(vm, "work"));
                if (!current && !ids.contains(id)) {
                    ids.add(id);
                }
            }
            return ids;
        } catch (IOException e) {
            throw failed("look into " + vm.directory(), e);
        }
    }

    private Templates.Machine machine(VmRecord vm) {
        return templates.machine(
                vm.spec(),
                host.vmms().choose(vm.spec().acceleration()),
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
                overlaysOnly(stopped, snapshot);
                ready[0] = lifecycle.existing(vmId);
            });
            if (!snapshot.hasMemory()) {
                return ready[0];
            }
            return lifecycle.launch(
                    ready[0],
                    machine,
                    VmLifecycle.Start.from(snapshot, "snapshot", false),
                    WaitFor.AGENT,
                    new Stages(progress));
        }
    }

    private void overlaysOnly(VmRecord vm, Snapshot snapshot) {
        String id = hex();
        for (String serial : List.of("work", "root")) {
            Path base = snapshot.file(serial + ".qcow2");
            host.rootDisks().overlay(base, base, overlay(vm, serial, id));
        }
        replaceDisks(vm, id, snapshot.id());
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
                now.idlePauseSeconds()));
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

    /** Makes new VMs of a running one. Whatever fails, none of them is left. */
    List<VmRecord> fork(String vmId, VmFork request, Progress progress) {
        if (request.count() < 1 || request.count() > MOST_FORKS) {
            throw BangerException.invalid(
                    "a VM can be forked 1 to " + MOST_FORKS + " times at once, not " + request.count());
        }
        String memoryId = hex();
        try (Rollback rollback = new Rollback()) {
            List<VmRecord> reserved = reserve(lifecycle.existing(vmId), request, rollback);
            Path memory = store.begin(memoryId);
            rollback.push("the memory for forks", () -> store.discard(memory));
            List<VmRecord> based = saveForForks(vmId, reserved, memory, progress, rollback);
            progress.stage("starting " + (based.size() == 1 ? based.getFirst().name() : based.size() + " VMs"));
            List<VmRecord> started = startAll(based, memory, progress);
            store.discard(memory); // their VMMs have it mapped
            rollback.keep();
            return started;
        }
    }

    private List<VmRecord> reserve(VmRecord parent, VmFork request, Rollback rollback) {
        String name = request.name();
        if (name != null) {
            VmName.check(name);
        }
        VmSpec spec = parent.spec();
        List<VmRecord> reserved = new ArrayList<>();
        for (int i = 1; i <= request.count(); i++) {
            VmRecord vm = creation.reserve(new VmCreate(
                    name == null || request.count() == 1 ? name : name + "-" + i,
                    spec.image(),
                    spec.kernel(),
                    spec.cpus(),
                    spec.memoryMiB(),
                    spec.workDiskBytes(),
                    spec.acceleration(),
                    spec.ports(),
                    true,
                    false,
                    spec.idlePauseSeconds(),
                    false,
                    null));
            rollback.push("the fork " + vm.name(), () -> lifecycle.discard(vm));
            reserved.add(vm);
        }
        return reserved;
    }

    private List<VmRecord> saveForForks(
            String vmId, List<VmRecord> reserved, Path memory, Progress progress, Rollback rollback) {
        try (var lock = locks.take(vmId)) {
            VmRecord parent = savable(vmId);
            lifecycle.running(parent);
            String id = hex();
            Path unfinished = store.begin(id);
            List<VmRecord> based = new ArrayList<>();
            try (Rollback saving = new Rollback()) {
                saving.push("the snapshot of " + parent.name(), () -> store.discard(unfinished));
                save(
                        parent,
                        null,
                        id,
                        unfinished,
                        memory,
                        made -> reserved.forEach(fork -> based.add(base(fork, parent, made))),
                        progress,
                        saving);
            }
            return based;
        }
    }

    private VmRecord base(VmRecord fork, VmRecord parent, Snapshot snapshot) {
        VmRecord row = lifecycle
                .existing(fork.id())
                .with(fork.spec().withImageDigest(parent.spec().imageDigest()))
                .with(fork.runtime().basedOn(snapshot.id()));
        vms.update(row);
        directories.create(fork.directory());
        for (String serial : List.of("work", "root")) {
            Path file = snapshot.file(serial + ".qcow2");
            host.rootDisks().overlay(file, file, disk(fork, serial));
        }
        return row;
    }

    private List<VmRecord> startAll(List<VmRecord> forks, Path memory, Progress progress) {
        ConcurrentLinkedQueue<BangerException> failures = new ConcurrentLinkedQueue<>();
        VmRecord[] started = new VmRecord[forks.size()];
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < forks.size(); i++) {
            int index = i;
            threads.add(Thread.ofPlatform()
                    .daemon()
                    .name("fork " + forks.get(i).name())
                    .start(() -> {
                        try {
                            started[index] = lifecycle.startFork(forks.get(index), machine(forks.get(index)), memory);
                        } catch (BangerException e) {
                            failures.add(e);
                        }
                    }));
        }
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            threads.forEach(Thread::interrupt);
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while forks were starting", e);
        }
        BangerException failure = failures.poll();
        if (failure != null) {
            failures.forEach(failure::addSuppressed);
            throw failure;
        }
        return List.of(started);
    }

    private String hex() {
        byte[] value = new byte[6];
        random.nextBytes(value);
        return HexFormat.of().formatHex(value);
    }
}
