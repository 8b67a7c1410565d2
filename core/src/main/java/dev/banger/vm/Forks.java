package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.VmCreate;
import dev.banger.api.VmFork;
import dev.banger.api.VmNetwork;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import dev.banger.snapshot.Snapshot;
import dev.banger.snapshot.SnapshotStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * New VMs made of a running one: they start from a snapshot that nobody has named. Its disks stay for as long as anything is based
 * on them, its memory only until all have started. Thread-safe.
 */
final class Forks {
    private static final int MOST = 64;

    private final Snapshots snapshots;
    private final VmStore vms;
    private final SnapshotStore store;
    private final VmLifecycle lifecycle;
    private final VmStarter starter;
    private final VmCreation creation;
    private final VmDirectories directories;
    private final NamedLocks locks;
    private final HostSeams host;

    Forks(
            Snapshots snapshots,
            VmStore vms,
            SnapshotStore store,
            VmLifecycle lifecycle,
            VmStarter starter,
            VmCreation creation,
            VmDirectories directories,
            NamedLocks locks,
            HostSeams host) {
        this.snapshots = snapshots;
        this.vms = vms;
        this.store = store;
        this.lifecycle = lifecycle;
        this.starter = starter;
        this.creation = creation;
        this.directories = directories;
        this.locks = locks;
        this.host = host;
    }

    /** Makes new VMs of a running one. Whatever fails, none of them is left. */
    List<VmRecord> fork(String vmId, VmFork request, Progress progress) {
        if (request.count() < 1 || request.count() > MOST) {
            throw BangerException.invalid("a VM can be forked 1 to " + MOST + " times at once, not " + request.count());
        }
        String memoryId = snapshots.hex();
        try (Rollback rollback = new Rollback()) {
            List<VmRecord> reserved = reserve(lifecycle.existing(vmId), request, rollback);
            Path memory = store.begin(memoryId);
            rollback.push("the memory for forks", () -> store.discard(memory));
            List<VmRecord> based = saveForForks(vmId, reserved, memory, progress, rollback);
            progress.stage("starting " + (based.size() == 1 ? based.getFirst().name() : based.size() + " VMs"));
            List<VmRecord> started = startAll(based, memory);
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
                    // An address of the host is the parent's; each has one of its own.
                    spec.ports().stream().filter(port -> port.address() == null).toList(),
                    true,
                    false,
                    spec.idlePauseSeconds(),
                    false,
                    null,
                    new VmNetwork(spec.network(), spec.nat(), spec.allowHosts(), spec.netRate()),
                    spec.nested(),
                    spec.vmm(),
                    spec.project() == null ? null : spec.project().withoutSetup(),
                    null));

            rollback.push("the fork " + vm.name(), () -> lifecycle.discard(vm));
            reserved.add(vm);
        }
        return reserved;
    }

    private List<VmRecord> saveForForks(
            String vmId, List<VmRecord> reserved, Path memory, Progress progress, Rollback rollback) {
        try (var lock = locks.take(vmId)) {
            VmRecord parent = snapshots.savable(vmId);
            lifecycle.running(parent);
            String id = snapshots.hex();
            Path unfinished = store.begin(id);
            List<VmRecord> based = new ArrayList<>();
            try (Rollback saving = new Rollback()) {
                saving.push("the snapshot of " + parent.name(), () -> store.discard(unfinished));
                snapshots.save(
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
        DiskKind kind = DiskKind.of(snapshot.disk("root"));
        VmRecord row = HostSeams.withNewDisks(
                lifecycle
                        .existing(fork.id())
                        .with(fork.spec().withImageDigest(parent.spec().imageDigest()))
                        .with(fork.runtime().basedOn(kind == DiskKind.QCOW2 ? snapshot.id() : null)),
                kind);
        vms.update(row);
        directories.create(fork.directory());
        for (String serial : List.of("work", "root")) {
            Path file = snapshot.disk(serial);
            host.rootDisks().overlay(file, file, DiskHandover.disk(row, serial));
        }
        return row;
    }

    /**
     * A few at a time: all at once, each would take as long as all of them. Who has started waits until all have, since what runs
     * in it would take from those that come: on a host without KVM ten forks of a busy VM then take half as long. They go on
     * together.
     */
    private List<VmRecord> startAll(List<VmRecord> forks, Path memory) {
        ConcurrentLinkedQueue<BangerException> failures = new ConcurrentLinkedQueue<>();
        VmRecord[] started = new VmRecord[forks.size()];
        AtomicInteger next = new AtomicInteger();
        Runnable startNext = () -> {
            for (int i = next.getAndIncrement(); i < started.length && failures.isEmpty(); i = next.getAndIncrement()) {
                try {
                    VmRecord fork = forks.get(i);
                    started[i] = starter.startFork(fork, snapshots.machine(fork), memory);
                    if (started.length > 1) {
                        lifecycle.hold(fork.id());
                    }
                } catch (BangerException e) {
                    failures.add(e);
                }
            }
        };
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Math.min(forks.size(), host.capacity().cpus() + 1); i++) {
            threads.add(Thread.ofPlatform().daemon().name("fork-" + i).start(startNext));
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
        if (started.length > 1) {
            forks.forEach(fork -> lifecycle.letGo(fork.id()));
        }
        return List.of(started);
    }
}
