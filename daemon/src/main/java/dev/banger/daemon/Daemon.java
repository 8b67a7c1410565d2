package dev.banger.daemon;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.cli.BangerCli;
import dev.banger.config.Configuration;
import dev.banger.config.Key;
import dev.banger.config.Places;
import dev.banger.config.Settings;
import dev.banger.host.bridge.IpLinks;
import dev.banger.host.linux.InstanceLock;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.rootfs.Ext4Comparison;
import dev.banger.host.store.HandleFile;
import dev.banger.host.store.PublishedKernels;
import dev.banger.host.store.SnapshotDirectories;
import dev.banger.host.store.SqliteVmStore;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Operations;
import dev.banger.vm.HostSeams;
import dev.banger.vm.NetworkService;
import dev.banger.vm.Pool;
import dev.banger.vm.Rollback;
import dev.banger.vm.Templates;
import dev.banger.vm.VmService;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
        List.of(
                        places.state(),
                        places.cache(),
                        places.run(),
                        places.vms(),
                        places.pool(),
                        places.ssh(),
                        places.snapshots())
                .forEach(Bangerd::makePrivate);
        InstanceLock lock = lock(places);
        parts.push("instance lock", lock::close);
        SqliteVmStore store = SqliteVmStore.open(places.database());
        parts.push("database", store::close);

        DaemonFacts facts = new DaemonFacts(HostParts.fact(tree, "version"), HostParts.fact(tree, "build-id"), places);
        HostParts host = HostParts.of(tree, places, environment, configuration, parts);
        PublishedKernels.clearStaging(places, host.programs(), host.namespace());
        new PublishedKernels(places).removeSuperseded();
        ImageService images = host.images();
        KernelService kernels = host.kernels();
        HostSeams seams = host.seams();
        NetworkService namedNetworks = new NetworkService(
                store,
                seams.networks(),
                new IpLinks(host.programs()),
                BridgeComposition.named(
                        places, BridgeComposition.firewall(settings), host.programs(), host.bridgeNames()));
        parts.push("named networks", namedNetworks::close);
        Templates templates = new Templates(
                new SnapshotDirectories(places.templates()), seams, images, kernels, templatePolicy(settings));
        parts.push("templates", templates::close);
        Pool pool = new Pool(
                templates,
                seams,
                HostParts.real(places.pool()),
                settings.number(Key.POOL_SIZE)
                        .orElseGet(() -> Pool.defaultSize(seams.capacity().memoryMiB())),
                ProcFs::availableMemoryMiB);
        parts.push("pool", pool::close);
        VmService vms = new VmService(
                store,
                new HandleFile(),
                seams,
                images,
                kernels,
                templates,
                new SnapshotDirectories(places.snapshots()),
                pool,
                HostParts.real(places.vms()));
        parts.push("VMs", vms::close);
        Operations operations = new Operations();
        parts.push("operations", operations::close);
        vms.start();
        host.names().start(); // now it knows the VMs that run

        Doctor doctor = Doctor.ofDaemon(host, places, configuration, vms);
        LocalBanger api = new LocalBanger(
                vms,
                templates,
                images,
                new Ext4Comparison(),
                kernels,
                namedNetworks,
                operations,
                host.ssh(),
                doctor,
                facts,
                configuration,
                new Bundles(images, kernels, host.programs()));
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
