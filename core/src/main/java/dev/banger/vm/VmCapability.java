package dev.banger.vm;

import dev.banger.api.DoctorReport.Check;
import dev.banger.operation.Lack;
import dev.banger.vm.RootDisks.Disk;
import java.util.List;
import java.util.Optional;

/**
 * Something that attaches to a VM: its work disk, ssh, names, NAT. Every hook is optional. Hooks run under the VM's lock, in
 * the order the capabilities are registered; clean-up in reverse.
 */
public interface VmCapability {
    String name();

    /** What this host lacks to start a VM, which may not have been made yet. Changes nothing. */
    default List<Lack> preflight(VmRecord vm) {
        return List.of();
    }

    /** Prepares the host for a start; called again at every start, so it keeps what is there. */
    default void prepareHost(VmRecord vm) {}

    /** A disk for the machine. */
    default Optional<Disk> disk(VmRecord vm) {
        return Optional.empty();
    }

    /** Adds to what the guest is told. */
    default void contribute(VmRecord vm, Identity.Builder identity) {}

    /** The VM runs. A failure here fails the start. */
    default void afterStart(VmRecord vm, VmHandles handles) {}

    /** The daemon came back and found the VM running: only what a daemon knows is to be made again. Must not fail. */
    default void afterReattach(VmRecord vm, VmHandles handles) {}

    /** The VM stopped, or its start failed. Idempotent; must not assume that any other hook ran. */
    default void cleanUp(VmRecord vm) {}

    /** The spec of a VM that does not run changed from {@code before}; called before the change is recorded, so a failure prevents it. */
    default void applyChange(VmRecord before, VmSpec after) {}

    /** The same for a VM that runs. What fails has changed no more than a second try may find changed already. */
    default void applyLive(VmRecord before, VmSpec after, RunningVm running, GuestChannel guest) {}

    default List<Check> doctor() {
        return List.of();
    }
}
