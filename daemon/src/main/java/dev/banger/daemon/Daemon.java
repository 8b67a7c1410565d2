package dev.banger.daemon;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.BundleReport;
import dev.banger.api.ErrorCode;
import dev.banger.cli.BangerCli;
import dev.banger.config.Configuration;
import dev.banger.config.Key;
import dev.banger.config.Places;
import dev.banger.config.Settings;
import dev.banger.host.bridge.IpLinks;
import dev.banger.host.debian.DebianImageBuilder;
import dev.banger.host.debian.DebianKernelSource;
import dev.banger.host.disk.HostRootDisks;
import dev.banger.host.disk.SeededWorkDisks;
import dev.banger.host.firecracker.FirecrackerCandidate;
import dev.banger.host.firecracker.FirecrackerProcesses;
import dev.banger.host.firecracker.FirecrackerProgram;
import dev.banger.host.firecracker.FirecrackerVmm;
import dev.banger.host.firewall.FirewallChoice;
import dev.banger.host.guest.AgentConnector;
import dev.banger.host.initramfs.CpioInitramfs;
import dev.banger.host.linux.InstanceLock;
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
import dev.banger.host.rootfs.Ext4Comparison;
import dev.banger.host.rootfs.Ext4RootfsBuilder;
import dev.banger.host.rootfs.TarRootfsBuilder;
import dev.banger.host.store.HandleFile;
import dev.banger.host.store.PublishedImages;
import dev.banger.host.store.PublishedKernels;
import dev.banger.host.store.SnapshotDirectories;
import dev.banger.host.store.SqliteVmStore;
import dev.banger.host.usernet.UserModeNetwork;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.network.BridgeSettings;
import dev.banger.network.NameServer;
import dev.banger.operation.Operations;
import dev.banger.vm.Acceleration;
import dev.banger.vm.BridgedNetwork;
import dev.banger.vm.DnsCapability;
import dev.banger.vm.HostSeams;
import dev.banger.vm.NetworkService;
import dev.banger.vm.Networks;
import dev.banger.vm.Pool;
import dev.banger.vm.Rollback;
import dev.banger.vm.SshCapability;
import dev.banger.vm.Templates;
import dev.banger.vm.VmService;
import dev.banger.vm.VmmSelector;
import dev.banger.vm.WorkDiskCapability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The composition root: every part of the daemon, made in order and closed in reverse. */
final class Daemon implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);
    /** A predecessor that is ending holds the lock a little longer than the socket. */
    private static final Duration PREDECESSOR = Duration.ofSeconds(5);

    private final DaemonFacts facts;
    private final BangerApi api;
    private final Rollback parts;

    private Daemon(DaemonFacts facts, BangerApi api, Rollback parts) {
        this.facts = facts;
        this.api = api;
        this.parts = parts;
    }

    /**
     * Opens the daemon of {@code places}: when this returns it answers on its socket. Whatever fails, nothing stays open (C5).
     *
     * @param tree the installed or built tree: lib/version, lib/build-id, libexec/
     */
    static Daemon open(Path tree, Places places, Map<String, String> environment) {
        Rollback parts = new Rollback();
        try {
            Daemon daemon = compose(tree, places, environment, parts);
            LOG.info("bangerd {} answers on {}", daemon.facts.build(), places.socket());
            return daemon;
        } catch (RuntimeException e) {
            try {
                parts.close();
            } catch (BangerException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
    }

    private static Daemon compose(Path tree, Places places, Map<String, String> environment, Rollback parts) {
        Configuration configuration = Configuration.open(places, environment);
        Settings settings = configuration.settings();
        Optional<BundleReport> helpers = configuration.atStart();
        List.of(places.state(), places.cache(), places.run(), places.vms(), places.pool(), places.ssh())
                .forEach(Bangerd::makePrivate);
        Path vmsDirectory = real(places.vms());
        InstanceLock lock = lock(places);
        parts.push("instance lock", lock::close);
        SqliteVmStore store = SqliteVmStore.open(places.database());
        parts.push("database", store::close);

        DaemonFacts facts = new DaemonFacts(fact(tree, "version"), fact(tree, "build-id"), places);
        ProgramRunner programs =
                new ProgramRunner(environment, settings.number(Key.PATIENCE).orElse(1));
        UserNamespace namespace = UserNamespace.of(programs);
        PublishedKernels.clearStaging(places, programs, namespace);
        ImageService images = new ImageService(
                new PublishedImages(places),
                List.of(
                        new DebianImageBuilder(programs, namespace),
                        new TarRootfsBuilder(programs, namespace),
                        new DirectoryRootfsBuilder(programs, namespace),
                        new Ext4RootfsBuilder(programs)),
                new OciRegistry(programs, environment, places.layers()));
        PublishedKernels kernelCatalog = new PublishedKernels(places);
        kernelCatalog.removeSuperseded();
        KernelService kernels = new KernelService(
                kernelCatalog,
                List.of(new DebianKernelSource(programs)),
                new CpioInitramfs(tree.resolve("libexec/banger-agent"), places.initramfs()));

        Path launcher = tree.resolve("libexec/banger-launch");
        QemuVmm qemu = new QemuVmm(
                programs,
                settings.text(Key.QEMU)
                        .or(() -> helpers.flatMap(its -> its.path("helpers.qemu")))
                        .orElse(QemuVmm.PROGRAM),
                launcher,
                places.run());
        KvmProbe kvm = new KvmProbe(programs, launcher);
        FirecrackerProgram firecracker = new FirecrackerProgram(
                programs,
                settings.text(Key.FIRECRACKER)
                        .or(() -> helpers.flatMap(its -> its.path("helpers.firecracker")))
                        .orElse(""),
                places.run());
        SshCapability ssh = new SshCapability(places.ssh());
        NameServer names = NameSettings.nameServer(settings, programs);
        parts.push("names", names::close);
        BridgeSettings bridge = BridgeComposition.settings(places, settings);
        FirewallChoice.Wish firewall = BridgeComposition.firewall(settings);
        NetworkNames bridgeNames =
                new NetworkNames(each -> new BridgeRouting(NameSettings.routing(settings, programs, each), each));
        parts.push("names at the bridges", bridgeNames::close);
        BridgedNetwork bridged = BridgeComposition.of(places, bridge, firewall, programs, bridgeNames.at(bridge));
        parts.push("bridged network", bridged::close);
        Networks networks = new Networks(List.of(new UserModeNetwork(vmsDirectory), bridged));
        NetworkService namedNetworks = new NetworkService(
                store,
                networks,
                new IpLinks(programs),
                BridgeComposition.named(places, firewall, programs, bridgeNames));
        parts.push("named networks", namedNetworks::close);
        HostRootDisks rootDisks = new HostRootDisks(
                settings.text(Key.ROOT_DISKS).orElse("auto"), places.images(), vmsDirectory, programs);
        HostSeams host = new HostSeams(
                new VmmSelector(List.of(
                        new FirecrackerCandidate(
                                new FirecrackerVmm(firecracker, new VmmLauncher(launcher)), firecracker, kvm),
                        new QemuCandidate(qemu, Acceleration.KVM, kvm),
                        new QemuCandidate(qemu, Acceleration.TCG, kvm))),
                rootDisks,
                networks,
                new AgentConnector(facts.build(), programs.patience()),
                new VmmScan(List.of(new QemuProcesses(), new FirecrackerProcesses())),
                List.of(
                        new WorkDiskCapability(new SeededWorkDisks(programs, places.seeds())),
                        ssh,
                        new DnsCapability(names),
                        new DnsCapability(bridgeNames)),
                new HostSeams.HostCapacity(Runtime.getRuntime().availableProcessors(), ProcFs.memoryMiB()));
        Templates templates = new Templates(
                new SnapshotDirectories(places.templates()), host, images, kernels, templatePolicy(settings));
        parts.push("templates", templates::close);
        Pool pool = new Pool(
                templates,
                host,
                real(places.pool()),
                settings.number(Key.POOL_SIZE)
                        .orElseGet(() -> Pool.defaultSize(host.capacity().memoryMiB())),
                ProcFs::availableMemoryMiB);
        parts.push("pool", pool::close);
        VmService vms = new VmService(
                store,
                new HandleFile(),
                host,
                images,
                kernels,
                templates,
                new SnapshotDirectories(places.snapshots()),
                pool,
                vmsDirectory);
        parts.push("VMs", vms::close);
        Operations operations = new Operations();
        parts.push("operations", operations::close);
        vms.start();
        names.start(); // now it knows the VMs that run

        Doctor doctor = new Doctor(places, host, programs, images, kernels, vms, configuration);
        LocalBanger api = new LocalBanger(
                vms,
                templates,
                images,
                new Ext4Comparison(),
                kernels,
                namedNetworks,
                operations,
                ssh,
                doctor,
                facts,
                configuration,
                new Bundles(images, kernels, programs));
        HttpDoor http = new HttpDoor(places.run().resolve("http.sock"), api);
        parts.push("HTTP door", http::close);
        ClientSession frames = new ClientSession(
                new BangerCli(api, facts.version(), facts.build(), tree.resolve("bin/banger")), facts);
        parts.push("commands", frames::close);
        SocketServer server = SocketServer.open(places.socket(), frames::serve, http::serve);
        parts.push("socket", server::stopAccepting);
        return new Daemon(facts, api, parts);
    }

    private static Templates.Policy templatePolicy(Settings settings) {
        return settings.text(Key.TEMPLATES)
                .map(wanted -> Templates.Policy.valueOf(wanted.toUpperCase(Locale.ROOT)))
                .orElse(Templates.Policy.AUTO);
    }

    /** As the kernel shows it: processes are found by the directory they work in, which has no links in its path (P46). */
    private static Path real(Path directory) {
        try {
            return directory.toRealPath();
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot look at " + directory + ": " + e, e);
        }
    }

    /** A predecessor that is ending still holds the lock for a moment. */
    private static InstanceLock lock(Places places) {
        long deadline = System.nanoTime() + PREDECESSOR.toNanos();
        while (true) {
            var lock = InstanceLock.tryTake(places.lock());
            if (lock.isPresent()) {
                return lock.get();
            }
            if (System.nanoTime() > deadline) {
                throw new AnotherDaemon(
                        "another bangerd holds " + places.lock() + "; \"banger daemon status\" shows it");
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    /** The instance lock is taken. */
    static final class AnotherDaemon extends RuntimeException {
        private static final long serialVersionUID = 1L;

        AnotherDaemon(String message) {
            super(message);
        }
    }

    private static String fact(Path tree, String name) {
        try {
            return Files.readString(tree.resolve("lib").resolve(name)).strip();
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "this tree is incomplete: cannot read lib/" + name + " in " + tree,
                    e);
        }
    }

    BangerApi api() {
        return api;
    }

    void requestShutdown() {
        facts.requestShutdown();
    }

    void awaitShutdownRequest() throws InterruptedException {
        facts.awaitShutdownRequest();
    }

    /** Undoes everything in reverse; a second time is harmless (C5). VMs run on. */
    @Override
    public void close() {
        LOG.info("bangerd ends");
        parts.close();
    }
}
