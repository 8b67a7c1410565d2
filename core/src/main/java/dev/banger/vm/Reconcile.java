package dev.banger.vm;

import dev.banger.api.VmState;
import dev.banger.vm.VmmProcesses.VmmProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes records and host agree when the daemon starts (B6): what the OS shows decides, the file of handles is a hint, the
 * record is intent. Running it again changes nothing.
 */
final class Reconcile {
    private static final Logger LOG = LoggerFactory.getLogger(Reconcile.class);

    private final VmStore store;
    private final HandleFiles files;
    private final HandleCache handles;
    private final LiveVms live;
    private final VmDirectories directories;
    private final VmLifecycle lifecycle;
    private final Snapshots snapshots;
    private final HostSeams host;

    Reconcile(
            VmStore store,
            HandleFiles files,
            HandleCache handles,
            LiveVms live,
            VmDirectories directories,
            VmLifecycle lifecycle,
            Snapshots snapshots,
            HostSeams host) {
        this.store = store;
        this.files = files;
        this.handles = handles;
        this.live = live;
        this.directories = directories;
        this.lifecycle = lifecycle;
        this.snapshots = snapshots;
        this.host = host;
    }

    void run() {
        Map<String, VmmProcess> processes = host.processes().scan(directories.root());
        for (VmRecord vm : store.all()) {
            try {
                reconcile(vm, Optional.ofNullable(processes.get(vm.id())));
            } catch (RuntimeException e) { // one VM's trouble must not keep the others from being found (P53)
                LOG.warn("Could not reconcile VM {} ({})", vm.name(), vm.id(), e);
            }
        }
        // A row outlives its VM's process and directory, so these belong to a database that was lost or moved away:
        // somebody may want them back.
        processes.forEach((id, process) -> {
            if (store.find(id).isEmpty()) {
                LOG.warn(
                        "Process {} runs VM {}, which the database does not know; it is left alone", process.pid(), id);
            }
        });
        for (String id : orphans()) {
            LOG.warn("{} belongs to no VM in the database; it is left alone", directories.of(id));
        }
    }

    /** Ids of VMs that have a directory but no row. */
    List<String> orphans() {
        return directories.ids().stream().filter(id -> store.find(id).isEmpty()).toList();
    }

    private void reconcile(VmRecord vm, Optional<VmmProcess> process) {
        HandleFiles.Found found = files.read(vm.directory());
        if (found instanceof HandleFiles.Found.Corrupt corrupt) {
            LOG.warn("The handles of VM {} are damaged and were set aside as {}", vm.name(), corrupt.setAside());
        }
        VmState state = vm.runtime().state();
        if (vm.spec().ephemeral()) {
            // Whoever ran a command in it is gone with the daemon that served him.
            LOG.info("Deleting VM {}, which was to go with its command", vm.name());
            process.ifPresent(host.processes()::kill);
            lifecycle.erase(vm);
            return;
        }
        switch (state) {
            case CREATING, DELETING -> {
                LOG.info("Undoing the unfinished VM {} ({})", vm.name(), state);
                process.ifPresent(host.processes()::kill);
                lifecycle.erase(vm);
            }
            case STARTING -> {
                process.ifPresent(host.processes()::kill);
                lifecycle.settle(vm, "the daemon ended while it was starting");
            }
            // A guest that was asked to stop is syncing its disks now: it is taken up, and its end noticed when it
            // comes.
            case RUNNING, PAUSED, STOPPING, STOPPED ->
                process.ifPresentOrElse(running -> keep(vm, running, found), () -> demote(vm, state, found));
        }
    }

    /** The process is there: take it up, whatever the file says. */
    private void keep(VmRecord vm, VmmProcess process, HandleFiles.Found found) {
        VmHandles itself = found instanceof HandleFiles.Found.Handles whole
                        && whole.handles().pid() == process.pid()
                        && whole.handles().startTicks() == process.startTicks()
                ? whole.handles()
                : VmHandles.ofProcess(
                        process.pid(),
                        process.startTicks(),
                        process.vmm(),
                        process.acceleration(),
                        vm.runtime().sshPort(),
                        vm.spec().ports());
        VmHandles known = host.handles(vm, itself, vm.runtime().tap());
        handles.seed(vm.id(), vm.directory(), known, found);
        VmRecord current = vm;
        RunningVm running = host.vmms().byName(known.vmm()).reattach(vm, known);
        boolean paused = vm.runtime().state() == VmState.PAUSED;
        if (!paused && vm.runtime().state() != VmState.RUNNING) {
            current = vm.with(vm.runtime().withState(VmState.RUNNING));
            store.update(current);
        }
        // Before its end is watched for, so that clean-up comes after.
        host.capabilities().forEach(capability -> capability.afterReattach(vm, known));
        live.add(current, running, null);
        snapshots.recover(current, running);
        // A daemon that was killed while it saved the VM, or paused it, left it half-way.
        if (paused != running.isPaused()) {
            if (paused) {
                running.pause();
            } else {
                running.resume();
            }
        }
        LOG.info("Found VM {} running as pid {}", vm.name(), process.pid());
    }

    private void demote(VmRecord found, VmState state, HandleFiles.Found file) {
        snapshots.recover(found, null);
        VmRecord vm = store.find(found.id()).orElse(found);
        if (state == VmState.STOPPING) {
            lifecycle.settle(vm, null);
        } else if (state == VmState.RUNNING || state == VmState.PAUSED) {
            LOG.info("VM {} no longer runs", vm.name());
            lifecycle.settle(vm, "its VMM ended while the daemon was away");
        } else if (!(file instanceof HandleFiles.Found.Missing)) {
            lifecycle.settle(vm, vm.runtime().lastError());
        } else {
            host.rootDisks().release(Path.of(vm.runtime().systemOverlay())); // should an earlier attempt have failed
        }
    }
}
