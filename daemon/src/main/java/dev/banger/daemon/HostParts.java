package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.BundleReport;
import dev.banger.api.ErrorCode;
import dev.banger.config.Configuration;
import dev.banger.config.Key;
import dev.banger.config.Places;
import dev.banger.config.Settings;
import dev.banger.host.debian.DebianImageBuilder;
import dev.banger.host.debian.DebianKernels;
import dev.banger.host.disk.HostRootDisks;
import dev.banger.host.disk.SeededWorkDisks;
import dev.banger.host.export.HostExports;
import dev.banger.host.firecracker.FirecrackerCandidate;
import dev.banger.host.firecracker.FirecrackerProcesses;
import dev.banger.host.firecracker.FirecrackerProgram;
import dev.banger.host.firecracker.FirecrackerVmm;
import dev.banger.host.guest.AgentConnector;
import dev.banger.host.initramfs.CpioInitramfs;
import dev.banger.host.linux.KvmProbe;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.UserNamespace;
import dev.banger.host.linux.VmmLauncher;
import dev.banger.host.linux.VmmScan;
import dev.banger.host.oci.OciRegistry;
import dev.banger.host.qemu.QemuCandidate;
import dev.banger.host.qemu.QemuProcesses;
import dev.banger.host.qemu.QemuVmm;
import dev.banger.host.rootfs.DirectoryRootfsBuilder;
import dev.banger.host.rootfs.Ext4RootfsBuilder;
import dev.banger.host.rootfs.TarRootfsBuilder;
import dev.banger.host.store.PublishedImages;
import dev.banger.host.store.PublishedKernels;
import dev.banger.host.usernet.UserModeNetwork;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.network.BridgeSettings;
import dev.banger.network.NameServer;
import dev.banger.vm.Acceleration;
import dev.banger.vm.BridgedNetwork;
import dev.banger.vm.DnsCapability;
import dev.banger.vm.HostSeams;
import dev.banger.vm.Networks;
import dev.banger.vm.Rollback;
import dev.banger.vm.SshCapability;
import dev.banger.vm.VmmSelector;
import dev.banger.vm.WorkDiskCapability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The host's side of a daemon, as its configuration has it: put together, nothing begun. Nothing of the host has been made or
 * changed by that, so it serves for looking alone, too.
 */
record HostParts(
        KvmProbe kvm,
        ProgramRunner programs,
        UserNamespace namespace,
        ImageService images,
        KernelService kernels,
        HostSeams seams,
        SshCapability ssh,
        NameServer names,
        NetworkNames bridgeNames) {

    /** What has to be closed is pushed on {@code parts}. */
    static HostParts of(
            Path tree, Places places, Map<String, String> environment, Configuration configuration, Rollback parts) {
        Settings settings = configuration.settings();
        ProgramRunner programs =
                new ProgramRunner(environment, settings.number(Key.PATIENCE).orElse(1));
        UserNamespace namespace = UserNamespace.of(programs);
        HostExports exports = new HostExports(settings.words(Key.CATALOGS), places.catalogs(), environment);
        ImageService images = new ImageService(
                new PublishedImages(places),
                List.of(
                        new DebianImageBuilder(programs, namespace),
                        new TarRootfsBuilder(programs, namespace),
                        new DirectoryRootfsBuilder(programs, namespace),
                        new Ext4RootfsBuilder(programs)),
                new OciRegistry(programs, environment, places.layers(), settings.text(Key.REGISTRY)),
                exports);
        KernelService kernels = new KernelService(
                new PublishedKernels(places),
                new DebianKernels(programs),
                new CpioInitramfs(tree.resolve("libexec/banger-agent"), places.initramfs()),
                exports);
        Path vms = Files.exists(places.vms()) ? real(places.vms()) : places.vms();
        SshCapability ssh = new SshCapability(places.ssh());
        NameServer names = NameSettings.nameServer(settings, programs);
        parts.push("names", names::close);
        BridgeSettings bridge = BridgeComposition.settings(places, settings);
        NetworkNames bridgeNames =
                new NetworkNames(each -> new BridgeRouting(NameSettings.routing(settings, programs, each), each));
        parts.push("names at the bridges", bridgeNames::close);
        BridgedNetwork bridged = BridgeComposition.of(
                places, bridge, BridgeComposition.firewall(settings), programs, bridgeNames.at(bridge));
        parts.push("bridged network", bridged::close);
        KvmProbe kvm = new KvmProbe(programs, launcher(tree));
        HostSeams seams = new HostSeams(
                vmms(tree, places, configuration, programs, kvm),
                new HostRootDisks(settings.text(Key.ROOT_DISKS).orElse("auto"), places.images(), vms, programs),
                new Networks(List.of(new UserModeNetwork(vms), bridged)),
                new AgentConnector(fact(tree, "build-id"), programs.patience()),
                new VmmScan(List.of(new QemuProcesses(), new FirecrackerProcesses())),
                List.of(
                        new WorkDiskCapability(new SeededWorkDisks(programs, places.seeds())),
                        ssh,
                        new DnsCapability(names),
                        new DnsCapability(bridgeNames)),
                new HostSeams.HostCapacity(Runtime.getRuntime().availableProcessors(), ProcFs.memoryMiB()));
        return new HostParts(kvm, programs, namespace, images, kernels, seams, ssh, names, bridgeNames);
    }

    private static Path launcher(Path tree) {
        return tree.resolve("libexec/banger-launch");
    }

    private static VmmSelector vmms(
            Path tree, Places places, Configuration configuration, ProgramRunner programs, KvmProbe kvm) {
        Settings settings = configuration.settings();
        Optional<BundleReport> helpers = configuration.atStart();
        VmmLauncher launcher = new VmmLauncher(launcher(tree), programs.patience());
        QemuVmm qemu = new QemuVmm(
                programs,
                settings.text(Key.QEMU)
                        .or(() -> helpers.flatMap(its -> its.path("helpers.qemu")))
                        .orElse(QemuVmm.PROGRAM),
                launcher,
                places.run());
        FirecrackerProgram firecracker = new FirecrackerProgram(
                programs,
                settings.text(Key.FIRECRACKER)
                        .or(() -> helpers.flatMap(its -> its.path("helpers.firecracker")))
                        .orElse(""),
                places.run());
        return new VmmSelector(List.of(
                new FirecrackerCandidate(new FirecrackerVmm(firecracker, launcher), firecracker, kvm),
                new QemuCandidate(qemu, Acceleration.KVM, kvm),
                new QemuCandidate(qemu, Acceleration.TCG, kvm)));
    }

    /** As the kernel shows it: processes are found by the directory they work in, which has no links in its path (P46). */
    static Path real(Path directory) {
        try {
            return directory.toRealPath();
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot look at " + directory + ": " + e, e);
        }
    }

    /** What a tree says of itself in {@code lib/NAME}. */
    static String fact(Path tree, String name) {
        try {
            return Files.readString(tree.resolve("lib").resolve(name)).strip();
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "this tree is incomplete: cannot read lib/" + name + " in " + tree,
                    e);
        }
    }
}
