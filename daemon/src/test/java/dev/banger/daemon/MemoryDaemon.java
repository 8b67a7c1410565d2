package dev.banger.daemon;

import dev.banger.cli.BangerCli;
import dev.banger.config.Configuration;
import dev.banger.config.Places;
import dev.banger.host.firewall.FirewallChoice;
import dev.banger.host.linux.KvmProbe;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.UserNamespace;
import dev.banger.host.rootfs.Ext4Comparison;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.network.NameServer;
import dev.banger.network.NoNameServer;
import dev.banger.operation.Operations;
import dev.banger.testkit.FakeCatalogs;
import dev.banger.testkit.FakeHost;
import dev.banger.testkit.FakeLinks;
import dev.banger.testkit.MemoryHandleFiles;
import dev.banger.testkit.MemoryNetworkStore;
import dev.banger.testkit.MemorySnapshotStore;
import dev.banger.testkit.MemoryVmStore;
import dev.banger.vm.DnsCapability;
import dev.banger.vm.HostSeams;
import dev.banger.vm.NetworkService;
import dev.banger.vm.Pool;
import dev.banger.vm.SshCapability;
import dev.banger.vm.Templates;
import dev.banger.vm.VmService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The daemon's doors and services on a host in memory: the socket and the frames are real, VMs only seem to run. */
final class MemoryDaemon implements AutoCloseable {
    private final FakeHost host = new FakeHost();
    private final Places places;
    private final VmService vms;
    private final Operations operations = new Operations();
    private final HttpDoor http;
    private final SocketServer server;

    MemoryDaemon(Path directory) throws IOException {
        this(directory, new NoNameServer("off"));
    }

    /** {@code names} are closed by whoever made them. */
    MemoryDaemon(Path directory, NameServer names) throws IOException {
        places = Places.of(Map.of("BANGER_HOME", directory.toString()));
        for (Path needed : new Path[] {places.vms(), places.ssh(), places.run()}) {
            Files.createDirectories(needed);
        }
        FakeCatalogs catalogs = new FakeCatalogs();
        ImageService images = catalogs.images();
        KernelService kernels = catalogs.kernels();
        SshCapability ssh = new SshCapability(places.ssh());
        HostSeams seams = host.seams(ssh, new DnsCapability(names));
        Templates templates = new Templates(
                new MemorySnapshotStore(places.templates()), seams, images, kernels, Templates.Policy.MANUAL);
        vms = new VmService(
                new MemoryVmStore(),
                new MemoryHandleFiles(),
                seams,
                images,
                kernels,
                templates,
                new MemorySnapshotStore(places.snapshots()),
                new Pool(templates, seams, places.pool(), 0, () -> 4096),
                places.vms());
        vms.start();
        names.start();
        Configuration configuration = Configuration.open(places, Map.of());
        DaemonFacts facts = new DaemonFacts("0.1.0", "abc123", places);
        ProgramRunner programs = new ProgramRunner(Map.of());
        NetworkNames bridges = new NetworkNames(bridge -> new BridgeRouting(Optional.empty(), bridge));
        NetworkService networks = new NetworkService(
                new MemoryNetworkStore(),
                seams.networks(),
                new FakeLinks(),
                BridgeComposition.named(places, FirewallChoice.Wish.AUTO, programs, bridges));
        HostParts parts = new HostParts(
                new KvmProbe(programs, Path.of("/no/launcher")),
                programs,
                UserNamespace.of(programs),
                images,
                kernels,
                seams,
                ssh,
                names,
                bridges);
        LocalBanger api = new LocalBanger(
                vms,
                templates,
                images,
                new Ext4Comparison(),
                kernels,
                networks,
                operations,
                ssh,
                Doctor.ofDaemon(parts, places, configuration, vms),
                facts,
                configuration,
                new Bundles(images, kernels, programs));
        http = new HttpDoor(places.run().resolve("http.sock"), api);
        ClientSession frames = new ClientSession(
                new BangerCli(api, facts.version(), facts.build(), Path.of("/opt/banger/bin/banger")), facts);
        server = SocketServer.open(places.socket(), frames::serve, http::serve);
    }

    FakeHost host() {
        return host;
    }

    Path socket() {
        return places.socket();
    }

    Path vmDirectory(String id) {
        return places.vms().resolve(id);
    }

    FrameClient connect() throws IOException {
        return FrameClient.connect(socket());
    }

    HttpAnswer get(String path) throws IOException {
        return HttpAnswer.to(socket(), "GET", path, "");
    }

    HttpAnswer send(String method, String path, String body) throws IOException {
        return HttpAnswer.to(socket(), method, path, body);
    }

    @Override
    public void close() {
        server.stopAccepting();
        http.close();
        operations.close();
        vms.close();
    }
}
