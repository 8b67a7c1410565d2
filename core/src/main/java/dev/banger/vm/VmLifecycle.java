package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.StopMode;
import dev.banger.api.VmState;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import dev.banger.operation.Uninterrupted;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pauses, stops and deletes VMs, and clears away what belonged to running ones; {@link VmStarter} starts them. Thread-safe: a
 * VM's lock is held for a whole start, stop or delete, and over nothing that another VM waits for (docs/concurrency.md).
 */
final class VmLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(VmLifecycle.class);

    private static final Set<VmState> RUNS = Set.of(VmState.RUNNING, VmState.PAUSED);
    private static final Duration SET_CLOCK_OF_PAUSED = Duration.ofSeconds(30);
    private static final Duration SET_CLOCK = Duration.ofSeconds(5);
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

    VmLifecycle(
            VmStore store,
            HandleCache handles,
            VmLiveness liveness,
            LiveVms live,
            VmDirectories directories,
            NamedLocks locks,
            HostSeams host) {
        this.store = store;
        this.handles = handles;
        this.liveness = liveness;
        this.live = live;
        this.directories = directories;
        this.locks = locks;
        this.host = host;
    }

    static void refuseUnfinished(VmRecord vm) {
        if (vm.runtime().state() == VmState.CREATING) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE, vm.name() + " is still being created; wait for that, or delete it");
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

    VmRecord resumed(VmRecord vm) {
        RunningVm running = running(vm);
        if (vm.runtime().state() != VmState.PAUSED) {
            return vm;
        }
        running.resume();
        live.channel(vm).setClock(SET_CLOCK_OF_PAUSED); // it may have been paused for days
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
                        .kill(new VmmProcesses.VmmProcess(
                                found.pid(), found.startTicks(), found.vmm(), found.acceleration())));
    }

    /** Ends a VMM whatever it does: asked through its control socket, then killed. */
    static void end(RunningVm running) {
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
            // While the kernel takes the process apart. The tap goes down before its rules go, so what still runs says
            // nothing.
            Uninterrupted offNetwork =
                    Uninterrupted.begin(() -> host.networks().of(vm).release(vm));
            endVmm(vm.id());
            erase(vm, offNetwork::await);
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
        erase(vm, () -> host.networks().of(vm).release(vm));
    }

    private void erase(VmRecord vm, Runnable offNetwork) {
        tearDown(vm, offNetwork);
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
    void tearDown(VmRecord vm) {
        tearDown(vm, () -> host.networks().of(vm).release(vm));
    }

    private void tearDown(VmRecord vm, Runnable offNetwork) {
        try (Rollback undo = new Rollback()) {
            undo.push("handles", () -> handles.remove(vm.id(), vm.directory()));
            undo.push(
                    "root disk",
                    () -> host.rootDisks().release(Path.of(vm.runtime().systemOverlay())));
            undo.push("network", offNetwork);
            host.capabilities().forEach(capability -> undo.push(capability.name(), () -> capability.cleanUp(vm)));
            undo.push("control", () -> live.remove(vm.id()));
        }
    }

    VmRecord existing(String id) {
        return store.find(id).orElseThrow(() -> BangerException.notFound("the VM " + id + " has been deleted"));
    }

    VmRecord save(VmRecord vm) {
        store.update(vm);
        return vm;
    }

    /** Names of VMs, for messages. */
    static List<String> names(List<VmRecord> vms) {
        return vms.stream().map(VmRecord::name).collect(Collectors.toList());
    }
}
