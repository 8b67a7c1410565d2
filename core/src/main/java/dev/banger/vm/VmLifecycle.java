package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.StageTiming;
import dev.banger.api.StopMode;
import dev.banger.api.VmState;
import dev.banger.api.WaitFor;
import dev.banger.image.Image;
import dev.banger.image.ImageService;
import dev.banger.kernel.Kernel;
import dev.banger.kernel.KernelService;
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
import java.util.Set;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts, stops and deletes VMs: everything that changes what a VM is right now. Thread-safe: a VM's lock is held for a
 * whole start, stop or delete, and over nothing that another VM waits for (docs/concurrency.md).
 */
final class VmLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(VmLifecycle.class);

    private static final Set<VmState> RUNS = Set.of(VmState.RUNNING, VmState.PAUSED);
    private static final Duration HELLO = Duration.ofSeconds(60);
    private static final Duration IDENTIFY = Duration.ofSeconds(30);
    private static final Duration SET_CLOCK = Duration.ofSeconds(5);
    private static final Duration SETTLE = Duration.ofSeconds(180);
    private static final Duration GUEST_STOP = Duration.ofSeconds(20);
    private static final Duration GUEST_ANSWER = Duration.ofSeconds(3);
    private static final Duration FORCED_STOP = Duration.ofSeconds(5);

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

    VmLifecycle(
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
            refuseUnfinished(existing(id));
            return started(id, false, waitFor, progress);
        }
    }

    /** Starts a VM that is being created, for its creator; {@code cold}: by booting it, whatever templates there are. */
    VmRecord startCreated(String id, boolean cold, WaitFor waitFor, Progress progress) {
        try (var lock = locks.take(id)) {
            return started(id, cold, waitFor, progress);
        }
    }

    /** Gives a VM that is being created the process of one that was prepared. */
    VmRecord startPrepared(String id, Pool.Prepared prepared, Progress progress) {
        try (var lock = locks.take(id)) {
            VmRecord vm = existing(id);
            Stages stages = new Stages(progress);
            stages.stage("checking the host");
            preflight(vm);
            Templates.Machine machine = templates.machine(
                    vm.spec(),
                    host.vmms().choose(vm.spec().acceleration()),
                    images.get(vm.spec().image(), vm.spec().imageDigest()),
                    kernels.get(vm.spec().kernel()));
            return launch(vm, machine, Start.from(prepared), WaitFor.AGENT, stages);
        }
    }

    static void refuseUnfinished(VmRecord vm) {
        if (vm.runtime().state() == VmState.CREATING) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE, vm.name() + " is still being created; wait for that, or delete it");
        }
    }

    private VmRecord started(String id, boolean cold, WaitFor waitFor, Progress progress) {
        VmRecord vm = existing(id);
        if (liveness.isAlive(id)) {
            if (vm.runtime().state() == VmState.RUNNING) {
                return vm;
            }
            if (vm.runtime().state() == VmState.PAUSED) {
                return resumed(vm);
            }
        }
        try {
            Stages stages = new Stages(progress);
            stages.stage("checking the host");
            VmmSelector.Choice choice = host.vmms().choose(vm.spec().acceleration());
            preflight(vm);
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
            VmRecord vm, Templates.Machine machine, Snapshot template, WaitFor waitFor, Stages stages) {
        try {
            host.rootDisks()
                    .copy(
                            template.file(Snapshot.ROOT),
                            machine.image(),
                            Path.of(vm.runtime().systemOverlay()));
            return Optional.of(launch(vm, machine, Start.from(template, "template", true), waitFor, stages));
        } catch (BangerException e) {
            directories.forgetDisks(vm);
            boolean templatesFault = Set.of(ErrorCode.VMM_FAILED, ErrorCode.TIMED_OUT, ErrorCode.GUEST_UNAVAILABLE)
                    .contains(e.code());
            if (!templatesFault) {
                throw e;
            }
            templates.setAside(template, String.valueOf(e.getMessage()), stages);
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
     */
    record Start(
            String from,
            boolean restored,
            boolean fresh,
            BiFunction<Vmm, Vmm.BootSpec, RunningVm> process,
            @Nullable GuestChannel channel) {
        static Start boot() {
            return new Start("boot", false, true, Vmm::boot, null);
        }

        static Start from(Pool.Prepared prepared) {
            return new Start("pool", true, true, (vmm, spec) -> prepared.running(spec), prepared.channel());
        }

        static Start from(Snapshot saved, String from, boolean fresh) {
            return from(saved.file(Snapshot.MEMORY), saved.file(Snapshot.STATE), from, fresh);
        }

        static Start from(Path memory, Path state, String from, boolean fresh) {
            return new Start(from, true, fresh, (vmm, spec) -> vmm.restore(spec, memory, state), null);
        }
    }

    /** Every way a VM comes to run. Whatever fails, what was done is undone; disks that are there are kept. */
    VmRecord launch(VmRecord stopped, Templates.Machine machine, Start start, WaitFor waitFor, Stages stages) {
        try (Rollback rollback = new Rollback()) {
            VmRecord vm = save(stopped.with(stopped.runtime().starting()));
            rollback.push("what belongs to a running " + vm.name(), () -> tearDown(vm));

            stages.stage("preparing disks");
            requireDisks(vm);
            List<Disk> disks = host.disks(vm, machine);
            Vmm.Attachment attachment = host.networks().of(vm).attach(vm);

            Vmm vmm = machine.choice().vmm();
            stages.stage((start.restored() ? "restoring in " : "starting ") + vmm.name());
            RunningVm running = start.process().apply(vmm, machine.bootSpec(vm, disks, attachment));
            rollback.push("the VMM of " + vm.name(), () -> end(running));
            handles.put(vm.id(), vm.directory(), running.handles());

            stages.stage(start.restored() ? "waking" : "booting");
            if (start.restored()) {
                running.resume();
            }
            GuestChannel channel = start.channel() != null ? start.channel() : greet(vm, running, start.fresh());
            rollback.push("the channel to " + vm.name(), channel::close);

            stages.stage("giving it its identity");
            int generation = start.restored() ? Identity.RESTORED : Identity.FIRST;
            List<StageTiming> guestStages = channel.identify(host.identity(vm, generation), IDENTIFY);
            if (waitFor == WaitFor.SYSTEM && !start.restored()) {
                stages.stage("waiting for the system to settle");
                if (!channel.awaitSettled(SETTLE)) {
                    stages.warn(vm.name() + " runs, but its init did not finish starting within " + SETTLE.toSeconds()
                            + " s; \"banger vm exec " + vm.name()
                            + " -- systemctl list-jobs\" shows what it waits for");
                }
            }
            host.networks().of(vm).awaitAttached(vm); // while the guest was busy with itself
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
            VmRecord started =
                    save(vm.with(vm.runtime().running(Instant.now(), attachment, List.copyOf(timings), start.from())));
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

    /** Stops a VM's CPUs; {@code byIdleness}: until somebody needs it. A paused one is left as it is. */
    VmRecord pause(String id, boolean byIdleness) {
        try (var lock = locks.take(id)) {
            VmRecord vm = existing(id);
            refuseUnfinished(vm);
            RunningVm running = running(vm);
            if (vm.runtime().state() == VmState.PAUSED) {
                return byIdleness || !vm.runtime().pausedByIdleness()
                        ? vm
                        : save(vm.with(vm.runtime().paused(false)));
            }
            // Recorded first: a daemon that is killed in between pauses it when it comes back.
            VmRecord paused = save(vm.with(vm.runtime().paused(byIdleness)));
            running.pause();
            // Who came meanwhile found it running, and waits for it now.
            return byIdleness && live.isBusy(id) ? resumed(paused) : paused;
        }
    }

    /** Lets a paused VM go on; a running one is left as it is. */
    VmRecord resume(String id) {
        try (var lock = locks.take(id)) {
            VmRecord vm = existing(id);
            refuseUnfinished(vm);
            return resumed(vm);
        }
    }

    private VmRecord resumed(VmRecord vm) {
        RunningVm running = running(vm);
        if (vm.runtime().state() != VmState.PAUSED) {
            return vm;
        }
        running.resume();
        live.channel(vm).setClock(IDENTIFY); // it may have been paused for days
        return save(vm.with(vm.runtime().withState(VmState.RUNNING)));
    }

    /** Sets the clock of a guest that went on after a short pause; one that does not answer is left with its own. */
    void setClock(VmRecord vm) {
        try {
            live.channel(vm).setClock(SET_CLOCK);
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
            LOG.warn("Could not set the clock of VM {}: {}", vm.name(), e.getMessage());
        }
    }

    /** Stops a running VM's CPUs for a moment. A daemon that comes back in between lets it go on: its record says that it runs. */
    void hold(String id) {
        try (var lock = locks.take(id)) {
            if (existing(id).runtime().state() == VmState.RUNNING) {
                live.find(id).ifPresent(RunningVm::pause);
            }
        }
    }

    /** Ends {@link #hold}; a VM that somebody has paused or deleted meanwhile stays as it is. */
    void letGo(String id) {
        try (var lock = locks.take(id)) {
            store.find(id).filter(vm -> vm.runtime().state() == VmState.RUNNING).ifPresent(vm -> {
                live.find(id).ifPresent(RunningVm::resume);
                setClock(vm);
            });
        }
    }

    /** Starts a VM that was forked; its disks are there. */
    VmRecord startFork(VmRecord fork, Templates.Machine machine, Path memory) {
        try (var lock = locks.take(fork.id())) {
            return launch(
                    existing(fork.id()),
                    machine,
                    Start.from(memory.resolve(Snapshot.MEMORY), memory.resolve(Snapshot.STATE), "fork", false),
                    WaitFor.AGENT,
                    new Stages(Progress.none()));
        }
    }

    /** Ends a VM's process as it is and records {@code then}, stopped. Under its lock. */
    VmRecord endNow(VmRecord then) {
        live.find(then.id()).ifPresent(RunningVm::kill);
        endVmm(then.id());
        return settle(then, null);
    }

    RunningVm running(VmRecord vm) {
        return live.find(vm.id())
                .filter(RunningVm::isAlive)
                .orElseThrow(() -> new BangerException(
                        ErrorCode.WRONG_STATE,
                        vm.name() + " is not running; \"banger vm start " + vm.name() + "\" starts it"));
    }

    private void preflight(VmRecord vm) {
        List<String> missing = host.capabilities().stream()
                .flatMap(capability -> capability.preflight(vm).stream())
                .toList();
        if (!missing.isEmpty()) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED, "cannot start " + vm.name() + ": " + String.join("; ", missing));
        }
    }

    /** A disk made anew would lie on the image and not on the snapshot: its content would be gone without a word. */
    private static void requireDisks(VmRecord vm) {
        if (vm.runtime().base() != null) {
            for (String disk :
                    List.of(vm.runtime().systemOverlay(), vm.runtime().workDisk())) {
                if (Files.notExists(Path.of(disk))) {
                    throw new BangerException(
                            ErrorCode.DATA_CORRUPT,
                            "the disk " + disk + " of " + vm.name() + " is missing; it lies on snapshot "
                                    + vm.runtime().base() + ", which is still there");
                }
            }
        }
    }

    private GuestChannel greet(VmRecord vm, RunningVm running, boolean fresh) {
        try {
            return host.guests().connect(Path.of(vm.runtime().vsockPath()), fresh, HELLO, running::isAlive);
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

    /** Stops a VM; one that does not run is left as it is. A cancelled stop leaves a running VM running. */
    VmRecord stop(String id, StopMode mode, Progress progress) {
        try (var lock = locks.take(id)) {
            VmRecord vm = existing(id);
            refuseUnfinished(vm);
            if (!liveness.isAlive(id)) {
                return vm.runtime().state() == VmState.STOPPED ? vm : settle(vm, null);
            }
            save(vm.with(vm.runtime().withState(VmState.STOPPING)));
            try {
                if (vm.runtime().state() == VmState.PAUSED && mode == StopMode.GRACEFUL) {
                    live.find(id).ifPresent(RunningVm::resume); // a guest that stands still cannot stop itself
                }
                progress.stage(mode == StopMode.KILL ? "killing " + vm.name() : "stopping " + vm.name());
                if (mode == StopMode.GRACEFUL) {
                    askGuestToStop(vm, progress);
                }
                Uninterrupted.run(() -> endVmm(id));
            } catch (BangerException e) {
                if (liveness.isAlive(id)) {
                    save(vm); // should the guest stop after all, its VMM's end is noticed as any other
                }
                throw e;
            }
            return settle(vm, null);
        }
    }

    /** Each way with a deadline; a guest that does not react is the next way's business, not an error (P2). */
    private void askGuestToStop(VmRecord vm, Progress progress) {
        RunningVm running = live.find(vm.id()).orElse(null);
        if (running == null) {
            return;
        }
        try {
            GuestChannel channel = live.channel(vm);
            channel.powerOff(false, GUEST_ANSWER);
            if (running.awaitExit(GUEST_STOP)) {
                return;
            }
            progress.warn(vm.name() + " did not stop within " + GUEST_STOP.toSeconds()
                    + " s; syncing its disks and forcing it");
            channel.powerOff(true, GUEST_ANSWER);
            running.awaitExit(FORCED_STOP);
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
            if (running.isAlive()) {
                progress.warn(vm.name() + "'s guest cannot be asked to stop (" + e.getMessage() + "); forcing it");
            }
        }
    }

    /** Ends a VM's process, also one that this daemon could not take up. */
    private void endVmm(String id) {
        live.find(id).ifPresent(VmLifecycle::end);
        handles.get(id)
                .filter(found -> liveness.isAlive(id))
                .ifPresent(found -> host.processes()
                        .kill(new VmmProcesses.VmmProcess(found.pid(), found.startTicks(), found.acceleration())));
    }

    /** Ends a VMM whatever it does: asked through its control socket, then killed. */
    private static void end(RunningVm running) {
        if (running.isAlive()) {
            running.quit();
            if (!running.awaitExit(Duration.ofSeconds(2))) {
                running.kill();
                if (!running.awaitExit(FORCED_STOP)) {
                    throw new BangerException(
                            ErrorCode.VMM_FAILED,
                            "process " + running.handles().pid() + " does not end although it was killed");
                }
            }
        }
        running.close();
    }

    /** Deletes a VM, whatever it is doing. Once begun it is not cancelled. */
    void delete(String id, Progress progress) {
        try (var lock = locks.take(id)) {
            deleteHeld(existing(id), progress);
        }
    }

    /** Deletes a VM if it is stopped when its lock is had. @return whether it was */
    boolean deleteIfStopped(String id, Progress progress) {
        try (var lock = locks.take(id)) {
            VmRecord vm = store.find(id).orElse(null);
            if (vm == null || vm.runtime().state() != VmState.STOPPED || liveness.isAlive(id)) {
                return false;
            }
            deleteHeld(vm, progress);
            return true;
        }
    }

    private void deleteHeld(VmRecord vm, Progress progress) {
        progress.stage("deleting " + vm.name());
        Uninterrupted.run(() -> {
            save(vm.with(vm.runtime().withState(VmState.DELETING)));
            live.find(vm.id()).ifPresent(RunningVm::kill);
            endVmm(vm.id());
            erase(vm);
        });
    }

    /** Removes what there is of a VM whose creation failed. */
    void discard(VmRecord vm) {
        try (var lock = locks.take(vm.id())) {
            if (store.find(vm.id()).isPresent()) {
                deleteHeld(vm, Progress.none());
            } else {
                directories.delete(vm.directory());
            }
        }
    }

    /** Removes all of a VM that does not run. Idempotent, so that reconcile can finish it. */
    void erase(VmRecord vm) {
        tearDown(vm);
        directories.delete(vm.directory());
        store.delete(vm.id());
        LOG.info("Deleted VM {} ({})", vm.name(), vm.id());
    }

    /** A VMM ended by itself. */
    void ended(String id) {
        try (var lock = locks.take(id)) {
            store.find(id).ifPresent(vm -> {
                if (!liveness.isAlive(id) && RUNS.contains(vm.runtime().state())) {
                    String reason = live.find(id).map(RunningVm::exitReason).orElse("");
                    settle(vm, reason.isEmpty() ? "its VMM ended unexpectedly" : reason);
                }
            });
        } catch (BangerException e) {
            LOG.warn("Could not clean up after VM {}", id, e);
        }
    }

    /** Undoes what belongs to a running VM and records that it is stopped. */
    VmRecord settle(VmRecord vm, @Nullable String why) {
        try {
            tearDown(vm);
        } catch (BangerException e) {
            // What could not be undone is in the log; that the VM does not run is true all the same.
            return save(vm.with(vm.runtime().stopped(e.getMessage())));
        }
        return save(vm.with(vm.runtime().stopped(why)));
    }

    /** Undoes what belongs to a running VM, every part of it whatever fails (P9). Idempotent. */
    private void tearDown(VmRecord vm) {
        try (Rollback undo = new Rollback()) {
            undo.push("handles", () -> handles.remove(vm.id(), vm.directory()));
            undo.push("network", () -> host.networks().of(vm).release(vm));
            host.capabilities().forEach(capability -> undo.push(capability.name(), () -> capability.cleanUp(vm)));
            undo.push("control", () -> live.remove(vm.id()));
        }
    }

    private void recordFailure(VmRecord vm, BangerException cause) {
        store.find(vm.id()).ifPresent(current -> {
            if (current.runtime().state() == VmState.STARTING) {
                save(current.with(current.runtime().stopped(cause.getMessage())));
            }
        });
    }

    VmRecord existing(String id) {
        return store.find(id).orElseThrow(() -> BangerException.notFound("the VM " + id + " has been deleted"));
    }

    private VmRecord save(VmRecord vm) {
        store.update(vm);
        return vm;
    }

    /** Names of VMs, for messages. */
    static List<String> names(List<VmRecord> vms) {
        return vms.stream().map(VmRecord::name).collect(Collectors.toList());
    }
}
