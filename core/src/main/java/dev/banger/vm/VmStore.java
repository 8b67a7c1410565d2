package dev.banger.vm;

import java.util.List;
import java.util.Optional;

/** The table {@code vms}. Every change is durable when the call returns, also over a power cut. Thread-safe. */
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

    Optional<VmRecord> find(String id);

    Optional<VmRecord> findByName(String name);

    /** All VMs, oldest first. */
    List<VmRecord> all();
}
