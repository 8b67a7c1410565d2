package dev.banger.vm;

import java.util.List;
import java.util.Optional;

/**
 * The table {@code vms}. A change is durable when the call returns, also over a power cut, unless the VM's state is then CREATING or
 * STARTING, which the next daemon would undo anyway: such a change is so with the next one or after {@link #flush}, whichever comes
 * first. Thread-safe.
 */
public interface VmStore {
    /**
     * Adds a VM.
     *
     * @throws dev.banger.api.BangerException ALREADY_EXISTS when its name or host address is taken
     */
    void insert(VmRecord vm);

    /**
     * Writes a VM's row.
     *
     * @throws dev.banger.api.BangerException NOT_FOUND when it has been deleted
     */
    void update(VmRecord vm);

    void delete(String id);

    /** Returns when a power cut does not take any change that was made before. */
    void flush();

    Optional<VmRecord> find(String id);

    Optional<VmRecord> findByName(String name);

    /** All VMs, oldest first. */
    List<VmRecord> all();
}
