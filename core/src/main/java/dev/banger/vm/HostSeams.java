package dev.banger.vm;

import dev.banger.vm.RootDisks.Disk;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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

    /** Makes a VM's disks, or takes those there are, in the order in which its guest finds them. */
    List<Disk> disks(VmRecord vm, Templates.Machine machine) {
        List<Disk> disks = new ArrayList<>();
        disks.add(rootDisks.prepare(machine.image(), Path.of(vm.runtime().systemOverlay())));
        for (VmCapability capability : capabilities) {
            capability.prepareHost(vm);
            capability.disk(vm).ifPresent(disks::add);
        }
        disks.add(new Disk(machine.kernel().modules(), "raw", "modules", true));
        return disks;
    }

    /** How a new VM is run. */
    VmmSelector.Choice choose(VmSpec spec) {
        return choose(spec, true);
    }

    /** How a VM that may have run already is run. */
    VmmSelector.Choice choose(VmRecord vm) {
        Path root = Path.of(vm.runtime().systemOverlay());
        return choose(vm.spec(), Files.notExists(root) || !root.toString().endsWith(".qcow2"));
    }

    private VmmSelector.Choice choose(VmSpec spec, boolean rawDisks) {
        boolean tap = networks.named(spec.network()).bridge().isPresent();
        return vmms.choose(new VmmSelector.Wish(spec.vmm(), spec.acceleration(), tap, rawDisks, spec.nested()));
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
