package dev.banger.vm;

import dev.banger.api.VmState;
import dev.banger.vm.VmmProcesses.VmmProcess;
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
    private final HostSeams host;

    Reconcile(
            VmStore store,
            HandleFiles files,
            HandleCache handles,
            LiveVms live,
            VmDirectories directories,
            VmLifecycle lifecycle,
            HostSeams host) {
        this.store = store;
        this.files = files;
        this.handles = handles;
        this.live = live;
        this.directories = directories;
        this.lifecycle = lifecycle;
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
        processes.forEach((id, process) -> {
            if (store.find(id).isEmpty()) {
                LOG.warn("Ending VMM process {} of VM {}, which no record knows", process.pid(), id);
                host.processes().kill(process);
            }
        });
        for (String id : directories.ids()) {
            if (store.find(id).isEmpty()) {
                LOG.warn("Removing the directory of VM {}, which no record knows", id);
                directories.delete(directories.of(id));
            }
        }
    }

    private void reconcile(VmRecord vm, Optional<VmmProcess> process) {
        HandleFiles.Found found = files.read(vm.directory());
        if (found instanceof HandleFiles.Found.Corrupt corrupt) {
            LOG.warn("The handles of VM {} are damaged and were set aside as {}", vm.name(), corrupt.setAside());
        }
        VmState state = vm.runtime().state();
        switch (state) {
            case CREATING, DELETING -> {
                LOG.info("Undoing the unfinished VM {} ({})", vm.name(), state);
                process.ifPresent(host.processes()::kill);
                lifecycle.erase(vm);
            }
            case STARTING, STOPPING -> {
                process.ifPresent(host.processes()::kill);
                lifecycle.settle(vm, state == VmState.STARTING ? "the daemon ended while it was starting" : null);
            }
            case RUNNING, STOPPED ->
                process.ifPresentOrElse(running -> keep(vm, running, found), () -> demote(vm, state, found));
        }
    }

    /** The process is there: take it up, whatever the file says. */
    private void keep(VmRecord vm, VmmProcess process, HandleFiles.Found found) {
        VmHandles known = found instanceof HandleFiles.Found.Handles whole
                        && whole.handles().pid() == process.pid()
                        && whole.handles().startTicks() == process.startTicks()
                ? whole.handles()
                : VmHandles.ofProcess(
                        process.pid(),
                        process.startTicks(),
                        "qemu",
                        process.acceleration(),
                        vm.runtime().sshPort(),
                        vm.spec().ports());
        handles.put(vm.id(), vm.directory(), known);
        VmRecord current = vm;
        if (vm.runtime().state() != VmState.RUNNING) {
            current = vm.with(vm.runtime().withState(VmState.RUNNING));
            store.update(current);
        }
        live.add(current, host.vmms().byName(known.vmm()).reattach(current, known), null);
        LOG.info("Found VM {} running as pid {}", vm.name(), process.pid());
    }

    private void demote(VmRecord vm, VmState state, HandleFiles.Found found) {
        if (state == VmState.RUNNING) {
            LOG.info("VM {} no longer runs", vm.name());
            lifecycle.settle(vm, "its VMM ended while the daemon was away");
        } else if (!(found instanceof HandleFiles.Found.Missing)) {
            lifecycle.settle(vm, vm.runtime().lastError());
        }
    }
}
