package dev.banger.cli;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.BundleReport;
import dev.banger.api.CachedLayer;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ConfigQuery;
import dev.banger.api.ConfigReport;
import dev.banger.api.DaemonInfo;
import dev.banger.api.DoctorReport;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.ExportInfo;
import dev.banger.api.ExportPull;
import dev.banger.api.ExportRequest;
import dev.banger.api.GuestConnection;
import dev.banger.api.ImageBuild;
import dev.banger.api.ImageCustomize;
import dev.banger.api.ImageDiff;
import dev.banger.api.ImageInfo;
import dev.banger.api.ImageKeep;
import dev.banger.api.ImagePull;
import dev.banger.api.KernelBuild;
import dev.banger.api.KernelImport;
import dev.banger.api.KernelInfo;
import dev.banger.api.KernelPull;
import dev.banger.api.KernelVersion;
import dev.banger.api.LogKind;
import dev.banger.api.NatStatus;
import dev.banger.api.NetworkCreate;
import dev.banger.api.NetworkInfo;
import dev.banger.api.Operation;
import dev.banger.api.OperationInfo;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishRequest;
import dev.banger.api.SnapshotInfo;
import dev.banger.api.SshAccess;
import dev.banger.api.StopMode;
import dev.banger.api.TemplateInfo;
import dev.banger.api.TemplateWarm;
import dev.banger.api.UnpublishInfo;
import dev.banger.api.UnpublishRequest;
import dev.banger.api.VmCreate;
import dev.banger.api.VmDefaults;
import dev.banger.api.VmFork;
import dev.banger.api.VmInfo;
import dev.banger.api.VmSet;
import dev.banger.api.VmState;
import dev.banger.api.VmStats;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An API whose answers a test sets, operations that do not end by themselves among them, and which writes down what it was asked
 * for. Every VM a test names exists and runs unless it was {@linkplain #refuse refused}. Thread-safe.
 */
final class ScriptedBanger implements BangerApi {
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final Map<String, RuntimeException> refused = new ConcurrentHashMap<>();
    private final Map<String, byte[]> guestTars = new ConcurrentHashMap<>();
    private final List<VmInfo> vms = new CopyOnWriteArrayList<>();
    private final List<SnapshotInfo> snapshots = new CopyOnWriteArrayList<>();
    private final List<TemplateInfo> templates = new CopyOnWriteArrayList<>();
    private final Map<String, Operation<?>> ended = new ConcurrentHashMap<>();
    private final List<OperationInfo> operations = new CopyOnWriteArrayList<>();
    private volatile Function<ExecRequest, ExecSession> programs = request -> FakeProgram.ending(0);
    private volatile Operation<VmInfo> creation = FakeOperation.succeeding(Samples.running("dev"));
    private volatile Function<String, Operation<VmInfo>> work = ref -> FakeOperation.succeeding(Samples.running(ref));
    private volatile byte[] log = {};
    private volatile DoctorReport report = new DoctorReport(List.of());
    private volatile byte[] uploaded = {};
    private volatile @Nullable ConfigQuery asked;
    private volatile BundleReport bundle =
            new BundleReport("/b", "the command", false, null, null, List.of(), List.of());
    private volatile VmDefaults defaults = new VmDefaults(
            null, null, null, null, null, null, null, null, null, null, null, List.of(), null, List.of());
    private volatile ConfigReport configured = new ConfigReport("/c/config.toml", false, null, List.of(), List.of());
    private volatile @Nullable VmCreate created;
    private volatile @Nullable TemplateWarm warmed;
    private volatile @Nullable ExecRequest executed;
    private volatile @Nullable VmSet changed;
    private volatile NatStatus nat = new NatStatus(Samples.ID, "dev", false, null, false);

    ScriptedBanger with(VmDefaults usual) {
        defaults = usual;
        return this;
    }

    ScriptedBanger with(BundleReport reported) {
        bundle = reported;
        return this;
    }

    ScriptedBanger with(ConfigReport reported) {
        configured = reported;
        return this;
    }

    /** What the configuration was asked for last. */
    ConfigQuery asked() {
        return Objects.requireNonNull(asked);
    }

    ScriptedBanger with(VmInfo vm) {
        vms.add(vm);
        return this;
    }

    ScriptedBanger with(NatStatus status) {
        nat = status;
        return this;
    }

    ScriptedBanger with(SnapshotInfo snapshot) {
        snapshots.add(snapshot);
        return this;
    }

    ScriptedBanger with(TemplateInfo template) {
        templates.add(template);
        return this;
    }

    /** What is asked of this VM, image, kernel, snapshot or template fails. */
    ScriptedBanger refuse(String name, RuntimeException e) {
        refused.put(name, e);
        return this;
    }

    ScriptedBanger running(FakeProgram program) {
        return programs(request -> program);
    }

    ScriptedBanger programs(Function<ExecRequest, ExecSession> answer) {
        programs = answer;
        return this;
    }

    /** An operation that this daemon remembers. */
    ScriptedBanger ended(String kind, String target, VmInfo result) {
        String id = "op-" + (operations.size() + 1);
        operations.add(new OperationInfo(
                id,
                kind,
                target,
                OperationInfo.State.SUCCEEDED,
                Instant.EPOCH,
                Instant.EPOCH,
                result.lastStart(),
                null,
                null));
        ended.put(id, FakeOperation.succeeding(result));
        return this;
    }

    /** How a creation goes on. */
    ScriptedBanger creating(Operation<VmInfo> operation) {
        creation = operation;
        return this;
    }

    /** How all other operations on VMs go on. */
    ScriptedBanger working(Function<String, Operation<VmInfo>> operation) {
        work = operation;
        return this;
    }

    ScriptedBanger logging(byte[] bytes) {
        log = bytes;
        return this;
    }

    ScriptedBanger reporting(DoctorReport.Check... checks) {
        report = new DoctorReport(List.of(checks));
        return this;
    }

    /** What a download of this path sends. */
    ScriptedBanger sending(String path, byte[] tar) {
        guestTars.put(path, tar);
        return this;
    }

    /** What was asked for, in order. */
    List<String> calls() {
        return calls;
    }

    VmCreate created() {
        return present(created);
    }

    TemplateWarm warmed() {
        return present(warmed);
    }

    VmSet changed() {
        return present(changed);
    }

    ExecRequest executed() {
        return present(executed);
    }

    byte[] uploaded() {
        return uploaded;
    }

    private <T> T present(@Nullable T value) {
        return Optional.ofNullable(value)
                .orElseThrow(() -> new AssertionError("it was not asked for; calls: " + calls));
    }

    private void called(String what, String name) {
        calls.add(what + " " + name);
        RuntimeException failure = refused.get(name);
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public List<VmInfo> vms() {
        return List.copyOf(vms);
    }

    @Override
    public VmInfo vm(String ref) {
        called("show", ref);
        return vms.stream().filter(vm -> vm.name().equals(ref)).findFirst().orElse(Samples.running(ref));
    }

    @Override
    public Operation<VmInfo> createVm(VmCreate request) {
        created = request;
        called("create", String.valueOf(request.name()));
        return creation;
    }

    private Operation<VmInfo> begin(String what, String ref) {
        called(what, ref);
        return work.apply(ref);
    }

    @Override
    public Operation<VmInfo> startVm(String ref) {
        return begin("start", ref);
    }

    @Override
    public Operation<VmInfo> stopVm(String ref, StopMode mode) {
        return begin(mode == StopMode.KILL ? "kill" : "stop", ref);
    }

    @Override
    public Operation<VmInfo> restartVm(String ref) {
        return begin("restart", ref);
    }

    @Override
    public Operation<VmInfo> deleteVm(String ref) {
        return begin("delete", ref);
    }

    @Override
    public Operation<VmInfo> setVm(String ref, VmSet request) {
        changed = request;
        return begin("set", ref);
    }

    @Override
    public Operation<List<VmInfo>> pruneVms(List<String> refs) {
        calls.add("prune " + String.join(" ", refs));
        return FakeOperation.succeeding(
                vms.stream().filter(vm -> vm.state() == VmState.STOPPED).toList());
    }

    @Override
    public VmInfo pauseVm(String ref) {
        called("pause", ref);
        return Samples.vm(ref, VmState.PAUSED);
    }

    @Override
    public VmInfo resumeVm(String ref) {
        called("resume", ref);
        return Samples.running(ref);
    }

    @Override
    public List<SnapshotInfo> snapshots(String ref) {
        called("snapshots", ref);
        return List.copyOf(snapshots);
    }

    @Override
    public Operation<SnapshotInfo> createSnapshot(String ref, @Nullable String name) {
        called("snapshot", ref + " as " + name);
        return FakeOperation.succeeding(
                Samples.snapshot(Objects.requireNonNullElse(name, "quiet-river"), null, true, ref));
    }

    @Override
    public Operation<VmInfo> restoreSnapshot(String ref, String name) {
        called("restore " + ref + " to", name);
        return work.apply(ref);
    }

    @Override
    public void deleteSnapshot(String ref, String name) {
        called("delete snapshot of " + ref, name);
    }

    @Override
    public Operation<List<VmInfo>> forkVm(String ref, VmFork request) {
        calls.add("fork into " + request.name() + " times " + request.count());
        called("fork", ref);
        String name = Objects.requireNonNullElse(request.name(), "quiet-river");
        return FakeOperation.succeeding(
                request.count() == 1
                        ? List.of(Samples.running(name))
                        : IntStream.rangeClosed(1, request.count())
                                .mapToObj(i -> Samples.running(name + "-" + i))
                                .toList());
    }

    @Override
    public List<NetworkInfo> networks() {
        return List.of(
                new NetworkInfo("user", null, null, null, false, List.of("dev")),
                new NetworkInfo("backend", "10.20.0.0/24", "10.20.0.1", "bgr123456", true, List.of()));
    }

    @Override
    public NetworkInfo network(String name) {
        called("network", name);
        return networks().getLast();
    }

    @Override
    public NetworkInfo createNetwork(NetworkCreate request) {
        called("create network", request.name() + " " + request.subnet());
        return new NetworkInfo(request.name(), request.subnet(), "10.20.0.1", "bgr123456", true, List.of());
    }

    @Override
    public void deleteNetwork(String name) {
        called("delete network", name);
    }

    @Override
    public List<TemplateInfo> templates() {
        return List.copyOf(templates);
    }

    @Override
    public TemplateInfo template(String ref) {
        called("template", ref);
        return templates.stream()
                .filter(template -> template.id().startsWith(ref))
                .findFirst()
                .orElseThrow(() -> BangerException.notFound("there is no such template"));
    }

    @Override
    public Operation<TemplateInfo> warmTemplate(TemplateWarm request) {
        warmed = request;
        called("warm", String.valueOf(request.image()));
        return FakeOperation.succeeding(Samples.template("3f2a000011112222", true));
    }

    @Override
    public void deleteTemplate(String ref) {
        called("delete template", ref);
    }

    @Override
    public List<TemplateInfo> pruneTemplates() {
        calls.add("prune templates");
        return templates.stream().filter(template -> !template.current()).toList();
    }

    @Override
    public VmStats stats(String ref) {
        called("stats", ref);
        return Samples.stats(ref);
    }

    @Override
    public NatStatus natStatus(String ref) {
        called("nat", ref);
        return nat;
    }

    @Override
    public ExecSession exec(String ref, ExecRequest request) {
        executed = request;
        called("exec", ref);
        return programs.apply(request);
    }

    @Override
    public GuestConnection connect(String ref, int port) {
        throw BangerException.notFound("this guest has no ports");
    }

    @Override
    public SshAccess ssh(String ref) {
        called("ssh", ref);
        return new SshAccess(
                "root", "/state/ssh/id_ed25519", "/state/vms/" + ref + "/known_hosts", "banger-" + ref, Samples.ID);
    }

    @Override
    public void download(String ref, String path, OutputStream tar) {
        called("download", ref + ":" + path);
        try {
            tar.write(
                    Optional.ofNullable(guestTars.get(path)).orElseThrow(() -> BangerException.notFound("no " + path)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void upload(String ref, String directory, InputStream tar) {
        called("upload", ref + ":" + directory);
        try {
            uploaded = tar.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public InputStream logs(String ref, LogKind kind, boolean follow) {
        called("logs of " + kind + (follow ? " on and on" : ""), ref);
        return new ByteArrayInputStream(log);
    }

    @Override
    public List<ImageInfo> images() {
        return List.of(Samples.image("debian"), Samples.image("mine"));
    }

    @Override
    public ImageInfo image(String name) {
        return Samples.image(name);
    }

    @Override
    public Operation<ImageInfo> buildImage(ImageBuild request) {
        calls.add("build " + request.source());
        return FakeOperation.succeeding(Samples.image(request.source()));
    }

    @Override
    public Operation<ExportInfo> exportImage(String name, ExportRequest request) {
        called("export to " + request, name);
        return FakeOperation.succeeding(Samples.export("image", name));
    }

    @Override
    public Operation<PublishInfo> publishImage(String name, PublishRequest request) {
        called("publish in " + request, name);
        return FakeOperation.succeeding(new PublishInfo("/catalog#key", 3, Samples.export("image", name)));
    }

    @Override
    public UnpublishInfo unpublish(UnpublishRequest request) {
        calls.add("unpublish " + request);
        return new UnpublishInfo("/catalog#key", 4, 1, 5L << 20);
    }

    @Override
    public Operation<ExportInfo> exportKernel(String name, ExportRequest request) {
        called("export kernel to " + request, name);
        return FakeOperation.succeeding(Samples.export("kernel", name));
    }

    @Override
    public Operation<PublishInfo> publishKernel(String name, PublishRequest request) {
        called("publish kernel in " + request, name);
        return FakeOperation.succeeding(new PublishInfo("/catalog#key", 3, Samples.export("kernel", name)));
    }

    @Override
    public Operation<KernelInfo> pullKernelExport(ExportPull request) {
        calls.add("pull " + request);
        return FakeOperation.succeeding(Samples.kernel("pulled"));
    }

    @Override
    public List<CatalogEntry> available(@Nullable String catalog) {
        calls.add("available in " + catalog);
        return List.of(Samples.entry("offered"));
    }

    @Override
    public Operation<ImageInfo> pullImage(ImagePull request) {
        calls.add("pull " + request);
        return FakeOperation.succeeding(Samples.image("pulled"));
    }

    @Override
    public List<CachedLayer> cachedLayers() {
        return List.of(Samples.layer());
    }

    @Override
    public List<CachedLayer> pruneLayers() {
        calls.add("prune layers");
        return List.of(Samples.layer());
    }

    @Override
    public Operation<VmInfo> customizeImage(String base, ImageCustomize request) {
        called("customize " + request, base);
        return creation;
    }

    @Override
    public Operation<ImageInfo> keepImage(String ref, ImageKeep request) {
        called("keep " + ref + " as", request.name());
        return FakeOperation.succeeding(Samples.image(request.name()));
    }

    @Override
    public void deleteImage(String name) {
        called("delete image", name);
    }

    @Override
    public ImageInfo promoteImage(String name, @Nullable String as) {
        called("promote to " + as, name);
        return Samples.image(as == null ? "debian" : as);
    }

    @Override
    public ImageDiff diffImages(String before, String after) {
        called("diff to " + after, before);
        return new ImageDiff(
                List.of(
                        new ImageDiff.PackageChange("jq", ImageDiff.Change.ADDED, null, "1.6"),
                        new ImageDiff.PackageChange("vim", ImageDiff.Change.CHANGED, "1", "2")),
                List.of(new ImageDiff.FileChange("/etc/old\033[2J", ImageDiff.Change.REMOVED)));
    }

    @Override
    public List<KernelInfo> kernels() {
        return List.of(Samples.kernel("debian"));
    }

    @Override
    public KernelInfo kernel(String name) {
        return Samples.kernel(name);
    }

    @Override
    public List<KernelVersion> kernelVersions(@Nullable String suite) {
        called("kernel versions", String.valueOf(suite));
        return List.of(
                new KernelVersion("6.1.0-57-cloud-amd64", "6.1.192-3", 26_000_000, true),
                new KernelVersion("6.1.0-47-cloud-amd64", "6.1.170-3", 25_000_000, false));
    }

    @Override
    public Operation<KernelInfo> pullKernel(KernelPull request) {
        called("pull", request.toString());
        return FakeOperation.succeeding(Samples.kernel(request.kernelName()));
    }

    @Override
    public Operation<KernelInfo> buildKernel(KernelBuild request) {
        called("build", request.toString());
        return FakeOperation.succeeding(Samples.kernel(request.name()));
    }

    @Override
    public Operation<KernelInfo> importKernel(KernelImport request) {
        called("import", request.toString());
        return FakeOperation.succeeding(Samples.kernel(request.name()));
    }

    @Override
    public void deleteKernel(String name) {
        called("delete kernel", name);
    }

    @Override
    public List<OperationInfo> operations() {
        return List.copyOf(operations);
    }

    @Override
    public OperationInfo operation(String id) {
        throw BangerException.notFound("there is no operation " + id);
    }

    @Override
    public Operation<?> followOperation(String id) {
        return Optional.ofNullable(ended.get(id))
                .orElseThrow(() -> BangerException.notFound("there is no operation " + id));
    }

    @Override
    public DaemonInfo daemon() {
        return Samples.daemon();
    }

    @Override
    public void shutdownDaemon() {
        calls.add("shutdown");
    }

    @Override
    public BundleReport bundle(ConfigQuery query) {
        asked = query;
        return bundle;
    }

    @Override
    public ConfigReport config(ConfigQuery query) {
        asked = query;
        return configured;
    }

    @Override
    public VmDefaults vmDefaults(ConfigQuery query) {
        asked = query;
        return defaults;
    }

    @Override
    public DoctorReport doctor() {
        return report;
    }
}
