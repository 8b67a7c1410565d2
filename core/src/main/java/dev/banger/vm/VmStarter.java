package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.StageTiming;
import dev.banger.api.VmState;
import dev.banger.api.WaitFor;
import dev.banger.image.Image;
import dev.banger.image.ImageService;
import dev.banger.kernel.Kernel;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Lack;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import dev.banger.operation.Uninterrupted;
import dev.banger.snapshot.Snapshot;
import dev.banger.vm.RootDisks.Disk;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts VMs: by a boot, from a template, a prepared VM, a snapshot or a fork's parent. Thread-safe: a VM's lock is held for a
 * whole start (docs/concurrency.md).
 */
final class VmStarter {
    private static final Logger LOG = LoggerFactory.getLogger(VmStarter.class);

    private static final Duration HELLO = Duration.ofSeconds(60);
    /** The guest may have to repair the file system of its work disk before it answers, for 60 s at most. */
    private static final Duration IDENTIFY = Duration.ofSeconds(90);

    private static final Duration SETTLE = Duration.ofSeconds(180);

    private final VmLifecycle lifecycle;
    private final VmStore store;
    private final HandleCache handles;
    private final VmLiveness liveness;
    private final LiveVms live;
    private final VmDirectories directories;
    private final NamedLocks locks;
    private final HostSeams host;
    private final ImageService images;
    private final KernelService kernels;
    private final Templates templates;

    VmStarter(
            VmLifecycle lifecycle,
            VmStore store,
            HandleCache handles,
            VmLiveness liveness,
            LiveVms live,
            VmDirectories directories,
            NamedLocks locks,
            HostSeams host,
            ImageService images,
            KernelService kernels,
            Templates templates) {
        this.lifecycle = lifecycle;
        this.store = store;
        this.handles = handles;
        this.liveness = liveness;
        this.live = live;
        this.directories = directories;
        this.locks = locks;
        this.host = host;
        this.images = images;
        this.kernels = kernels;
        this.templates = templates;
    }

    /** Starts a VM; one that runs is left as it is, a paused one resumed. */
    VmRecord start(String id, WaitFor waitFor, Progress progress) {
        try (var lock = locks.take(id)) {
            VmRecord vm = lifecycle.existing(id);
            VmLifecycle.refuseUnfinished(vm);
            return started(vm, false, waitFor, progress);
        }
    }

    /**
     * Starts a VM that is being created, for its creator, whose record has more than the store's; {@code cold}: by booting it,
     * whatever templates there are.
     */
    VmRecord startCreated(VmRecord created, boolean cold, WaitFor waitFor, Progress progress) {
        try (var lock = locks.take(created.id())) {
            VmRecord vm = lifecycle.existing(created.id()).with(created.spec());
            return started(vm, cold, waitFor, progress);
        }
    }

    /** Gives a VM that is being created the process of one that was prepared. */
    VmRecord startPrepared(VmRecord created, Pool.Prepared prepared, Progress progress) {
        try (var lock = locks.take(created.id())) {
            VmRecord vm = lifecycle.existing(created.id()).with(created.spec());
            Stages stages = new Stages(progress);
            stages.stage("checking the host");
            Lack.refuse("start " + vm.name(), host.lacks(vm));
            vm = HostSeams.withNewDisks(vm, prepared.diskKind());
            Templates.Machine machine = templates.machine(
                    vm.spec(),
                    host.choose(vm),
                    images.get(vm.spec().image(), vm.spec().imageDigest()),
                    kernels.get(vm.spec().kernel()));
            return launch(vm, machine, Start.from(prepared), WaitFor.AGENT, stages);
        }
    }

    private VmRecord started(VmRecord found, boolean cold, WaitFor waitFor, Progress progress) {
        VmRecord vm = found;
        if (liveness.isAlive(vm.id())) {
            if (vm.runtime().state() == VmState.RUNNING) {
                return vm;
            }
            if (vm.runtime().state() == VmState.PAUSED) {
                return lifecycle.resumed(vm);
            }
        }
        try {
            Stages stages = new Stages(progress);
            stages.stage("checking the host");
            Lack.refuse("start " + vm.name(), host.lacks(vm));
            VmmSelector.Choice choice = host.choose(vm);
            vm = host.withDisksFor(vm, choice.vmm());
            Image image = images.get(vm.spec().image(), vm.spec().imageDigest());
            Kernel kernel = kernels.get(vm.spec().kernel());
            Templates.Machine machine = templates.machine(vm.spec(), choice, image, kernel);
            // A disk that was written to goes with no other memory than its own.
            boolean untouched = vm.runtime().base() == null
                    && Files.notExists(Path.of(vm.runtime().systemOverlay()));
            Optional<Snapshot> template =
                    cold || !untouched ? Optional.empty() : templates.find(machine.key(), progress);
            if (template.isPresent()) {
                Optional<VmRecord> restored = fromTemplate(vm, machine, template.get(), waitFor, stages);
                if (restored.isPresent()) {
                    return restored.get();
                }
            }
            VmRecord booted = launch(vm, machine, Start.boot(), waitFor, stages);
            if (untouched) {
                templates.makeLater(machine);
            }
            return booted;
        } catch (BangerException e) {
            recordFailure(vm, e);
            throw e;
        }
    }

    /** Empty: the template cannot be restored, which was said, and the VM is as untouched as before. */
    private Optional<VmRecord> fromTemplate(
            VmRecord untouched, Templates.Machine machine, Snapshot template, WaitFor waitFor, Stages stages) {
        VmRecord vm = HostSeams.withNewDisks(untouched, DiskKind.of(template.disk("root")));
        try {
            VmRecord started = launch(vm, machine, Start.fromTemplate(template), waitFor, stages);
            templates.proved(template);
            return Optional.of(started);
        } catch (BangerException e) {
            directories.forgetDisks(vm);
            String why = String.valueOf(e.getMessage());
            switch (e.code()) {
                case TIMED_OUT -> templates.wasLate(template, why, stages);
                case VMM_FAILED, GUEST_UNAVAILABLE -> templates.setAside(template, why, stages);
                default -> throw e;
            }
            return Optional.empty();
        }
    }

    /**
     * How a VM comes to run.
     *
     * @param from as {@link VmRuntime#startedFrom} has it
     * @param restored whether its guest has been another VM, or this one earlier, and is paused when the process is there
     * @param fresh whether nobody has been connected to its agent
     * @param channel to its agent, if there is one already
     * @param rootDisk what its root disk is made from first; null: it is there, or is made from the image
     */
    record Start(
            String from,
            boolean restored,
            boolean fresh,
            BiFunction<Vmm, Vmm.BootSpec, RunningVm> process,
            @Nullable GuestChannel channel,
            @Nullable Path rootDisk) {
        static Start boot() {
            return new Start("boot", false, true, Vmm::boot, null, null);
        }

        static Start from(Pool.Prepared prepared) {
            return new Start("pool", true, true, (vmm, spec) -> prepared.running(spec), prepared.channel(), null);
        }

        static Start fromTemplate(Snapshot template) {
            Start saved = from(template, "template", true);
            return new Start(saved.from(), true, true, saved.process(), null, template.disk("root"));
        }

        static Start from(Snapshot saved, String from, boolean fresh) {
            return from(saved.file(Snapshot.MEMORY), saved.file(Snapshot.STATE), from, fresh);
        }

        static Start from(Path memory, Path state, String from, boolean fresh) {
            return new Start(from, true, fresh, (vmm, spec) -> vmm.restore(spec, memory, state), null, null);
        }
    }

    /** Every way a VM comes to run. Whatever fails, what was done is undone; disks that are there are kept. */
    VmRecord launch(VmRecord stopped, Templates.Machine machine, Start start, WaitFor waitFor, Stages stages) {
        try (Rollback rollback = new Rollback()) {
            VmRecord vm = lifecycle.save(stopped.with(stopped.runtime().starting()));
            rollback.push("what belongs to a running " + vm.name(), () -> lifecycle.tearDown(vm));

            stages.stage("preparing disks");
            requireDisks(vm);
            boolean flushed = HostSeams.hasDisks(vm);
            List<Disk> disks = host.disks(vm, machine, start.rootDisk());
            boolean isNew = vm.runtime().state() == VmState.CREATING;
            List<Runnable> unwritten = new ArrayList<>();
            if (!flushed) {
                unwritten.add(() -> host.flush(vm));
            }
            if (isNew) {
                unwritten.add(store::flush); // a directory without a row would be nobody's
            }
            Uninterrupted flush = Uninterrupted.begin(() -> Uninterrupted.all(unwritten));
            rollback.push("writing out the disks of " + vm.name(), flush::await);
            if (!isNew) {
                flush.await(); // else beside the rest: a VM that was being created when the power went is deleted
            }
            Vmm.Attachment attachment = host.networks().of(vm).attach(vm);

            Vmm vmm = machine.choice().vmm();
            stages.stage((start.restored() ? "restoring in " : "starting ") + vmm.name());
            RunningVm running = start.process().apply(vmm, machine.bootSpec(vm, disks, attachment));
            rollback.push("the VMM of " + vm.name(), () -> VmLifecycle.end(running));
            handles.put(vm.id(), vm.directory(), host.handles(vm, running.handles(), attachment.tap()));

            stages.stage(start.restored() ? "waking" : "booting");
            if (start.restored()) {
                running.resume();
            }
            GuestChannel channel = start.channel() != null ? start.channel() : greet(vm, running, start.fresh());
            rollback.push("the channel to " + vm.name(), channel::close);

            stages.stage("giving it its identity");
            int generation = start.restored() ? Identity.RESTORED : Identity.FIRST;
            List<StageTiming> guestStages = identified(vm, channel, generation);
            if (waitFor == WaitFor.SYSTEM && !start.restored()) {
                stages.stage("waiting for the system to settle");
                if (!channel.awaitSettled(SETTLE)) {
                    stages.warn(vm.name() + " runs, but its init did not finish starting within " + SETTLE.toSeconds()
                            + " s; \"banger vm exec " + vm.name()
                            + " -- systemctl list-jobs\" shows what it waits for");
                }
            }
            host.networks().of(vm).awaitAttached(vm); // while the guest was busy with itself
            flush.await();
            if (!running.isAlive()) {
                throw new BangerException(
                        ErrorCode.VMM_FAILED,
                        vm.name() + " ended while it was starting"
                                + (running.exitReason().isEmpty() ? "" : ": " + running.exitReason()),
                        "its console said last:\n"
                                + LogTail.of(Path.of(vm.runtime().logPath())),
                        null);
            }
            host.capabilities().forEach(capability -> capability.afterStart(vm, running.handles()));

            List<StageTiming> timings = new ArrayList<>(stages.timings());
            if (!start.restored()) {
                guestStages.forEach(stage -> timings.add(new StageTiming("guest: " + stage.stage(), stage.millis())));
            }
            VmRecord started = lifecycle.save(
                    vm.with(vm.runtime().running(Instant.now(), attachment, List.copyOf(timings), start.from())));
            live.add(started, running, channel);
            rollback.keep();
            LOG.info(
                    "Started VM {} ({}) from {} as pid {}",
                    vm.name(),
                    vm.id(),
                    start.from(),
                    running.handles().pid());
            return started;
        }
    }

    /** Gives it its identity. @return how long the guest took for each part of its boot */
    private List<StageTiming> identified(VmRecord vm, GuestChannel channel, int generation) {
        try {
            return channel.identify(host.identity(vm, generation), IDENTIFY);
        } catch (BangerException e) {
            throw e.code() == ErrorCode.DATA_CORRUPT
                    ? new BangerException(
                            ErrorCode.DATA_CORRUPT,
                            vm.name() + " cannot start: " + e.getMessage() + "\n"
                                    + repair(Path.of(vm.runtime().workDisk())),
                            e.detail(),
                            e)
                    : e;
        }
    }

    /** For the owner alone to do: a repair may take away what the damage has cut off. */
    private static String repair(Path disk) {
        String raw = DiskKind.of(disk).isRaw() ? disk.toString() : disk + ".raw";
        List<String> commands = new ArrayList<>(List.of("cp " + disk + " " + disk + ".damaged"));
        if (!DiskKind.of(disk).isRaw()) {
            commands.add("qemu-img convert -O raw " + disk + " " + raw);
        }
        commands.add("e2fsck -f -y " + raw);
        if (!DiskKind.of(disk).isRaw()) {
            commands.add("qemu-img convert -f raw -O qcow2 " + raw + " " + disk);
        }
        return "to repair it by hand, which may lose what the damage has cut off:\n  " + String.join("\n  ", commands);
    }

    /** Starts a VM that was forked; its disks are there. */
    VmRecord startFork(VmRecord fork, Templates.Machine machine, Path memory) {
        try (var lock = locks.take(fork.id())) {
            return launch(
                    lifecycle.existing(fork.id()),
                    machine,
                    Start.from(memory.resolve(Snapshot.MEMORY), memory.resolve(Snapshot.STATE), "fork", false),
                    WaitFor.AGENT,
                    new Stages(Progress.none()));
        }
    }

    /** A disk made anew would lie on the image and not on the snapshot: its content would be gone without a word. */
    private static void requireDisks(VmRecord vm) {
        String base = vm.runtime().base();
        if (base != null || DiskHandover.cameFromSnapshot(vm)) {
            for (String disk :
                    List.of(vm.runtime().systemOverlay(), vm.runtime().workDisk())) {
                if (Files.notExists(Path.of(disk))) {
                    throw new BangerException(
                            ErrorCode.DATA_CORRUPT,
                            "the disk " + disk + " of " + vm.name() + " is missing; it "
                                    + (base == null
                                            ? "was made from a snapshot; restore that again"
                                            : "lies on snapshot " + base + ", which is still there"));
                }
            }
        }
    }

    private GuestChannel greet(VmRecord vm, RunningVm running, boolean fresh) {
        try {
            return host.guests()
                    .connect(Path.of(vm.runtime().vsockPath()), running.vsockPort(), fresh, HELLO, running::isAlive);
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
            // Say what the console said last: that is where the reason stands when a guest does not come up.
            String said = LogTail.of(Path.of(vm.runtime().vmmLogPath()));
            String console = LogTail.of(Path.of(vm.runtime().logPath()));
            throw new BangerException(
                    e.code(),
                    vm.name() + " did not come up: " + e.getMessage(),
                    (said.isEmpty() ? "" : "the VMM said:\n" + said + "\n")
                            + (console.isEmpty() ? "" : "its console said last:\n" + console),
                    e);
        }
    }

    private void recordFailure(VmRecord vm, BangerException cause) {
        store.find(vm.id()).ifPresent(current -> {
            if (current.runtime().state() == VmState.STARTING) {
                lifecycle.save(current.with(current.runtime().stopped(cause.getMessage())));
            }
        });
    }
}
