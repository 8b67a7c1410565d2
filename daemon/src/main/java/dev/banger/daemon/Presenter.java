package dev.banger.daemon;

import dev.banger.api.ImageInfo;
import dev.banger.api.KernelInfo;
import dev.banger.api.NetworkInfo;
import dev.banger.api.SnapshotInfo;
import dev.banger.api.TemplateInfo;
import dev.banger.api.VmInfo;
import dev.banger.image.Image;
import dev.banger.kernel.Kernel;
import dev.banger.network.BridgeSettings;
import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import dev.banger.vm.Network;
import dev.banger.vm.VmHandles;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmRuntime;
import dev.banger.vm.VmService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Turns records into what the API shows. Thread-safe. */
final class Presenter {
    private final VmService vms;

    Presenter(VmService vms) {
        this.vms = vms;
    }

    VmInfo vm(VmRecord vm) {
        Optional<VmHandles> handles = vms.handles(vm);
        VmRuntime runtime = vm.runtime();
        return new VmInfo(
                vm.id(),
                vm.name(),
                runtime.state(),
                handles.map(VmHandles::vmm)
                        .orElse(Objects.requireNonNullElse(vm.spec().vmm(), "auto")),
                handles.map(VmHandles::acceleration)
                        .orElse(Objects.requireNonNullElse(vm.spec().acceleration(), "auto")),
                handles.map(VmHandles::pid).orElse(null),
                runtime.hostAddress(),
                runtime.directory(),
                vm.spec().image(),
                vm.spec().kernel(),
                vm.spec().cpus(),
                vm.spec().memoryMiB(),
                vm.spec().workDiskBytes(),
                size(runtime.systemOverlay()) + size(runtime.workDisk()),
                vm.spec().network(),
                handles.map(VmHandles::ports).orElse(vm.spec().ports()),
                handles.map(VmHandles::sshPort).orElse(runtime.sshPort()),
                vm.createdAt(),
                runtime.startedAt(),
                runtime.lastError(),
                runtime.lastStart(),
                runtime.startedFrom(),
                vm.spec().idlePauseSeconds(),
                vm.spec().nat(),
                vm.spec().allowHosts(),
                vms.pinned(vm),
                vms.denied(vm),
                vm.spec().netRate(),
                vms.traffic(vm).orElse(null),
                vm.spec().nested(),
                vm.spec().project() == null ? null : vm.spec().project().file());
    }

    /** qcow2 files grow as they fill, so their size is what they take up. */
    private static long size(String file) {
        try {
            return Files.size(Path.of(file));
        } catch (IOException e) {
            return 0; // not made yet
        }
    }

    /** {@code vm} is the one it was made of. */
    SnapshotInfo snapshot(VmRecord vm, Snapshot snapshot) {
        Snapshot.Origin origin = Objects.requireNonNull(snapshot.origin(), "a VM's snapshot knows its VM");
        return new SnapshotInfo(
                snapshot.id(),
                origin.name(),
                vm.name(),
                snapshot.hasMemory(),
                origin.parent(),
                snapshot.id().equals(vm.runtime().base()),
                snapshot.key().vmm(),
                snapshot.key().image(),
                snapshot.key().kernel(),
                snapshot.dataBytes(),
                snapshot.createdAt(),
                vms.dependents(snapshot));
    }

    TemplateInfo template(Snapshot template, boolean current) {
        MachineKey key = template.key();
        return new TemplateInfo(
                template.id(),
                key.image(),
                key.kernel(),
                key.vmm(),
                key.acceleration(),
                key.cpuModel(),
                key.cpus(),
                key.memoryMiB(),
                template.dataBytes(),
                template.directory().toString(),
                template.createdAt(),
                current);
    }

    ImageInfo image(Image image, List<String> usedBy) {
        return new ImageInfo(
                image.name(),
                image.digest(),
                image.source(),
                image.hasInit(),
                image.virtualBytes(),
                image.dataBytes(),
                image.createdAt(),
                image.directory().toString(),
                usedBy,
                image.program());
    }

    NetworkInfo network(Network network, List<String> vms) {
        BridgeSettings bridge = network.bridge().orElse(null);
        return bridge == null
                ? new NetworkInfo(network.name(), null, null, null, false, vms)
                : new NetworkInfo(
                        network.name(),
                        bridge.subnet().toString(),
                        bridge.address().toString(),
                        bridge.name(),
                        bridge.peers(),
                        vms);
    }

    KernelInfo kernel(Kernel kernel, List<String> usedBy) {
        return new KernelInfo(
                kernel.name(),
                kernel.version(),
                kernel.digest(),
                kernel.source(),
                kernel.dataBytes(),
                kernel.createdAt(),
                kernel.directory().toString(),
                usedBy);
    }
}
