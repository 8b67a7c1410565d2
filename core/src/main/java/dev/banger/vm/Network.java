package dev.banger.vm;

import dev.banger.api.DoctorReport.Check;
import java.util.List;
import java.util.Set;

/** A kind of network a VM can be attached to. Thread-safe. */
public interface Network {
    /** {@code user}, {@code bridge} */
    String name();

    /** The address inside the guest, with prefix length, for a new VM. */
    String guestIp(Set<String> taken);

    /** The address at which the host reaches a new VM. */
    String hostAddress(Set<String> taken);

    Identity.NetworkSettings guestSettings();

    /** Attaches a VM that is about to start; fails when an address or port is taken. */
    Vmm.Attachment attach(VmRecord vm);

    /** Undoes {@link #attach}. Idempotent. */
    void release(VmRecord vm);

    List<Check> doctor();
}
