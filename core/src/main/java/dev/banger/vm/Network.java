package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.NatStatus;
import dev.banger.api.NetworkUsage;
import dev.banger.api.PinnedAddress;
import dev.banger.network.BridgeSettings;
import dev.banger.operation.Lack;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A kind of network a VM can be attached to. Thread-safe. */
public interface Network {
    /** {@code user}, {@code bridge}, or what a named network is called */
    String name();

    /** The bridge it is; empty for one that has none on the host. */
    default Optional<BridgeSettings> bridge() {
        return Optional.empty();
    }

    /** What this host lacks for it. */
    default List<Lack> lacks() {
        return List.of();
    }

    /** For a new VM; the sets are those of all VMs. */
    Addresses addresses(Set<String> guestIps, Set<String> hostAddresses);

    /**
     * @param guestIp inside the guest, with prefix length
     * @param hostAddress where the host reaches the VM
     */
    record Addresses(String guestIp, String hostAddress) {}

    /** @throws BangerException INVALID_ARGUMENT for what this kind of network cannot do */
    void check(VmSpec spec);

    Identity.NetworkSettings guestSettings();

    /** Attaches a VM that is about to start, or begins to; fails when an address or port is taken. */
    Vmm.Attachment attach(VmRecord vm);

    /** A place for a VM that is prepared ahead of need: nothing passes, until the VM that becomes of it is attached. */
    Vmm.Attachment prepare(VmRecord vm);

    /** Waits until what {@link #attach} began is done. Until then nothing passes from or to the VM. */
    default void awaitAttached(VmRecord vm) {}

    /** Undoes {@link #attach} and {@link #prepare}. Idempotent. */
    void release(VmRecord vm);

    /** Makes what a running VM may reach what its spec says. */
    default void change(VmRecord vm) {}

    /** Takes up what a daemon before this one left. @param running the VMs at this network that run. Called once, must not fail */
    default void takeUp(List<VmRecord> running) {}

    /** How many packets beyond the host it was denied. */
    default long denied(VmRecord vm) {
        return 0;
    }

    /** The addresses it may reach beyond the host because of names its spec allows. */
    default List<PinnedAddress> pinned(VmRecord vm) {
        return List.of();
    }

    /** Looks at the host's rules. */
    default NatStatus natStatus(VmRecord vm) {
        return new NatStatus(vm.id(), vm.name(), vm.spec().nat(), null, false);
    }

    /** What went over its link since it was started; empty where that is not known. Cheap. */
    default Optional<NetworkUsage> traffic(VmRecord vm) {
        return Optional.empty();
    }

    List<Check> doctor();
}
