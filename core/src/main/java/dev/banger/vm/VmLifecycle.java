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
import dev.banger.vm.RootDisks.Disk;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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

    private static final Duration HELLO = Duration.ofSeconds(60);
    private static final Duration IDENTIFY = Duration.ofSeconds(30);
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

    VmLifecycle(
            VmStore store,
            HandleCache handles,
            VmLiveness liveness,
            LiveVms live,
            VmDirectories directories,
            NamedLocks locks,
            HostSeams host,
            ImageService images,
            KernelService kernels) {
        this.store = store;
        this.handles = handles;
        this.liveness = liveness;
        this.live = live;
        this.directories = directories;
        this.locks = locks;
        this.host = host;
        this.images = images;
        this.kernels = kernels;
    }

    /** Starts a VM; one that runs is left as it is. */
    VmRecord start(String id, WaitFor waitFor, Progress progress) {
        try (var lock = locks.take(id)) {
            refuseUnfinished(existing(id));
            return started(id, waitFor, progress);
        }
    }

    /** Starts a VM that is being created, for its creator. */
    VmRecord startCreated(String id, WaitFor waitFor, Progress progress) {
        try (var lock = locks.take(id)) {
            return started(id, waitFor, progress);
        }
    }

    static void refuseUnfinished(VmRecord vm) {
        if (vm.runtime().state() == VmState.CREATING) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE, vm.name() + " is still being created; wait for that, or delete it");
        }
    }

    private VmRecord started(String id, WaitFor waitFor, Progress progress) {
        VmRecord vm = existing(id);
        if (liveness.isAlive(id) && vm.runtime().state() == VmState.RUNNING) {
            return vm;
        }
        try {
            return boot(vm, waitFor, new Stages(progress));
        } catch (BangerException e) {
            recordFailure(vm, e);
            throw e;
        }
    }

    private VmRecord boot(VmRecord stopped, WaitFor waitFor, Stages stages) {
        stages.stage("checking the host");
        VmmSelector.Choice choice = host.vmms().choose(stopped.spec().acceleration());
        preflight(stopped);
        Image image = images.get(stopped.spec().image(), stopped.spec().imageDigest());
        Kernel kernel = kernels.get(stopped.spec().kernel());

        try (Rollback rollback = new Rollback()) {
            VmRecord vm = save(stopped.with(stopped.runtime().starting()));
            rollback.push("what belongs to a running " + vm.name(), () -> tearDown(vm));

            stages.stage("preparing disks");
            List<Disk> disks = disks(vm, image, kernel);
            Vmm.Attachment attachment = host.network().attach(vm);

            stages.stage("starting " + choice.vmm().name());
            RunningVm running = choice.vmm()
                    .boot(new Vmm.BootSpec(
                            vm.id(),
                            vm.name(),
                            vm.directory(),
                            vm.spec().cpus(),
                            vm.spec().memoryMiB(),
                            choice.acceleration(),
                            kernel.vmlinux(),
                            kernels.initramfs(kernel),
                            disks,
                            attachment,
                            vm.runtime()));
            rollback.push("the VMM of " + vm.name(), () -> end(running));
            handles.put(vm.id(), vm.directory(), running.handles());

            stages.stage("booting");
            GuestChannel channel = greet(vm, running);
            rollback.push("the channel to " + vm.name(), channel::close);

            stages.stage("giving it its identity");
            List<StageTiming> guestStages = channel.identify(identity(vm), IDENTIFY);
            if (waitFor == WaitFor.SYSTEM) {
                stages.stage("waiting for the system to settle");
                if (!channel.awaitSettled(SETTLE)) {
                    stages.warn(vm.name() + " runs, but its init did not finish starting within " + SETTLE.toSeconds()
                            + " s; \"banger vm exec " + vm.name()
                            + " -- systemctl list-jobs\" shows what it waits for");
                }
            }
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
            guestStages.forEach(stage -> timings.add(new StageTiming("guest: " + stage.stage(), stage.millis())));
            VmRecord started =
                    save(vm.with(vm.runtime().running(Instant.now(), attachment.sshPort(), List.copyOf(timings))));
            live.add(started, running, channel);
            rollback.keep();
            LOG.info(
                    "Started VM {} ({}) as pid {}",
                    vm.name(),
                    vm.id(),
                    running.handles().pid());
            return started;
        }
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

    private List<Disk> disks(VmRecord vm, Image image, Kernel kernel) {
        List<Disk> disks = new ArrayList<>();
        disks.add(host.rootDisks().prepare(image, Path.of(vm.runtime().systemOverlay())));
        for (VmCapability capability : host.capabilities()) {
            capability.prepareHost(vm);
            capability.disk(vm).ifPresent(disks::add);
        }
        disks.add(new Disk(kernel.modules(), "raw", "modules", true));
        return disks;
    }

    private GuestChannel greet(VmRecord vm, RunningVm running) {
        try {
            return host.guests().connect(Path.of(vm.runtime().vsockPath()), true, HELLO, running::isAlive);
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

    private Identity identity(VmRecord vm) {
        Identity.Builder identity = new Identity.Builder();
        host.capabilities().forEach(capability -> capability.contribute(vm, identity));
        return identity.build(vm, host.network().guestSettings());
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
                if (!liveness.isAlive(id) && vm.runtime().state() == VmState.RUNNING) {
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
            undo.push("network", () -> host.network().release(vm));
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
