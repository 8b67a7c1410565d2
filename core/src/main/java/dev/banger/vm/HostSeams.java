package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.network.Tap;
import dev.banger.operation.Lack;
import dev.banger.operation.Uninterrupted;
import dev.banger.vm.RootDisks.Disk;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The host's side of a VM, as one parameter: what {@link VmService} needs from the adapters. */
public record HostSeams(
        VmmSelector vmms,
        RootDisks rootDisks,
        Networks networks,
        GuestConnector guests,
        VmmProcesses processes,
        List<VmCapability> capabilities,
        HostCapacity capacity) {

    public HostSeams {
        capabilities = List.copyOf(capabilities);
    }

    /**
     * Makes a VM's disks, or takes those there are, in the order in which its guest finds them; the root disk beside the rest. New ones
     * want {@link #flush}.
     *
     * @param saved the root disk of a machine that the VM's is made from; null: it is there, or is made from the image
     */
    List<Disk> disks(VmRecord vm, Templates.Machine machine, @Nullable Path saved) {
        Path root = Path.of(vm.runtime().systemOverlay());
        List<Disk> disks = new ArrayList<>();
        Disk first = Uninterrupted.beside(
                () -> capabilities.forEach(capability -> {
                    capability.prepareHost(vm);
                    capability.disk(vm).ifPresent(disks::add);
                }),
                () -> {
                    if (saved != null) {
                        rootDisks.copy(saved, machine.image(), root);
                    }
                    return rootDisks.prepare(machine.image(), root);
                });
        disks.addFirst(first);
        disks.add(new Disk(machine.kernel().modules(), "raw", "modules", true));
        return disks;
    }

    /** Whether a VM has both disks already that are its own. */
    static boolean hasDisks(VmRecord vm) {
        return Files.exists(Path.of(vm.runtime().systemOverlay()))
                && Files.exists(Path.of(vm.runtime().workDisk()));
    }

    /** Writes out a VM's new disks: before that a loss of power may damage them. */
    void flush(VmRecord vm) {
        rootDisks.flush(List.of(
                Path.of(vm.runtime().systemOverlay()), Path.of(vm.runtime().workDisk())));
    }

    /** How a new VM is run. */
    VmmSelector.Choice choose(VmSpec spec) {
        return vmms.choose(wish(spec, true));
    }

    /** A template is connected to nothing, and VMs of every network start from it: who names a VMM gets one of its. */
    VmmSelector.Choice chooseForTemplate(VmSpec spec) {
        boolean tap = spec.vmm() != null || hasTap(spec);
        return vmms.choose(new VmmSelector.Wish(spec.vmm(), spec.acceleration(), tap, true, spec.nested()));
    }

    /** How a VM that may have run already is run. */
    VmmSelector.Choice choose(VmRecord vm) {
        return vmms.choose(wish(vm.spec(), takesRawDisks(vm)));
    }

    /** What this host lacks to start a VM, all at once. Looks, changes nothing (F1). */
    List<Lack> lacks(VmRecord vm) {
        List<Lack> all = new ArrayList<>(vmms.lacks(wish(vm.spec(), takesRawDisks(vm))));
        // The disks are those of the VMM that will run it, as far as there is one.
        VmRecord placed = all.isEmpty() ? withDisksFor(vm, choose(vm).vmm()) : vm;
        all.addAll(networks.of(vm).lacks());
        capabilities.forEach(capability -> all.addAll(capability.preflight(placed)));
        return all;
    }

    private static boolean takesRawDisks(VmRecord vm) {
        Path root = Path.of(vm.runtime().systemOverlay());
        Path work = Path.of(vm.runtime().workDisk());
        boolean made = keepsRoot(vm) || Files.exists(work);
        return !made || DiskKind.of(keepsRoot(vm) ? root : work).isRaw();
    }

    private VmmSelector.Wish wish(VmSpec spec, boolean rawDisks) {
        return new VmmSelector.Wish(spec.vmm(), spec.acceleration(), hasTap(spec), rawDisks, spec.nested());
    }

    private boolean hasTap(VmSpec spec) {
        return networks.named(spec.network()).bridge().isPresent();
    }

    private static boolean keepsRoot(VmRecord vm) {
        return Files.exists(Path.of(vm.runtime().systemOverlay()))
                || vm.runtime().base() != null
                || DiskHandover.cameFromSnapshot(vm);
    }

    /** A VM's record with names of disks that its VMM can read. Those that are there keep theirs. */
    VmRecord withDisksFor(VmRecord vm, Vmm vmm) {
        Path root = Path.of(vm.runtime().systemOverlay());
        Path work = Path.of(vm.runtime().workDisk());
        boolean raw = vmm.needsRawDisks();
        boolean stays = keepsRoot(vm);
        if (stays || Files.exists(work)) {
            Path known = stays ? root : work;
            if (raw && !DiskKind.of(known).isRaw()) {
                throw new BangerException(
                        ErrorCode.PRECONDITION_FAILED,
                        "the disks of " + vm.name() + " are qcow2 files, which " + vmm.name()
                                + " cannot read; start it with the VMM that it has run with, or make a new VM");
            }
            if (stays) {
                return vm;
            }
            DiskKind kind = DiskKind.of(work).isRaw() ? rootDisks.kindFor(true) : DiskKind.QCOW2;
            return vm.with(vm.runtime()
                    .withDisks(
                            kind.file(vm.directory(), "root").toString(),
                            work.toString(),
                            vm.runtime().base()));
        }
        return withNewDisks(vm, rootDisks.kindFor(raw));
    }

    /** A VM's record with the names of disks that are still to be made. */
    static VmRecord withNewDisks(VmRecord vm, DiskKind kind) {
        return vm.with(vm.runtime()
                .withDisks(
                        kind.file(vm.directory(), "root").toString(),
                        kind.ofWorkDisk().file(vm.directory(), "work").toString(),
                        vm.runtime().base()));
    }

    /** What the host gave a VM, its VMM's process among it. */
    VmHandles handles(VmRecord vm, VmHandles process, @Nullable Tap tap) {
        return process.with(tap, rootDisks.devices(Path.of(vm.runtime().systemOverlay())));
    }

    /** Who a VM is to be, in the network it is in. */
    Identity identity(VmRecord vm, int generation) {
        Identity.Builder identity = new Identity.Builder();
        capabilities.forEach(capability -> capability.contribute(vm, identity));
        return identity.build(vm, networks.of(vm).guestSettings(), generation);
    }

    /** What the host has: logical CPUs and memory. */
    public record HostCapacity(int cpus, long memoryMiB) {}
}
