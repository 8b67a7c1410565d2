package dev.banger.daemon;

import dev.banger.api.BangerApi;
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
import dev.banger.api.VmProject;
import dev.banger.api.VmSet;
import dev.banger.api.VmStats;
import dev.banger.config.Bundle;
import dev.banger.config.Configuration;
import dev.banger.image.Image;
import dev.banger.image.ImageComparison;
import dev.banger.image.ImageService;
import dev.banger.kernel.Kernel;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Operations;
import dev.banger.snapshot.Snapshot;
import dev.banger.vm.Network;
import dev.banger.vm.NetworkService;
import dev.banger.vm.SshCapability;
import dev.banger.vm.Templates;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmService;
import dev.banger.vm.VmSpec;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The API in front of this daemon's services. Thread-safe. */
final class LocalBanger implements BangerApi {
    private final VmService vms;
    private final Templates templates;
    private final ImageService images;
    private final ImageComparison comparison;
    private final KernelService kernels;
    private final NetworkService networks;
    private final Operations operations;
    private final SshCapability ssh;
    private final Presenter presenter;
    private final Doctor doctor;
    private final DaemonFacts facts;
    private final Configuration configuration;
    private final Bundles bundles;

    LocalBanger(
            VmService vms,
            Templates templates,
            ImageService images,
            ImageComparison comparison,
            KernelService kernels,
            NetworkService networks,
            Operations operations,
            SshCapability ssh,
            Doctor doctor,
            DaemonFacts facts,
            Configuration configuration,
            Bundles bundles) {
        this.vms = vms;
        this.templates = templates;
        this.images = images;
        this.comparison = comparison;
        this.kernels = kernels;
        this.networks = networks;
        this.operations = operations;
        this.ssh = ssh;
        this.doctor = doctor;
        this.facts = facts;
        this.configuration = configuration;
        this.bundles = bundles;
        this.presenter = new Presenter(vms);
    }

    @Override
    public List<VmInfo> vms() {
        return vms.all().stream().map(presenter::vm).toList();
    }

    @Override
    public VmInfo vm(String ref) {
        return presenter.vm(vms.get(ref));
    }

    @Override
    public Operation<VmInfo> createVm(VmCreate asked) {
        VmCreate request = configuration.complete(asked);
        Optional<Bundle> bundle = Bundles.of(request);
        vms.check(request);
        return operations.start(
                "vm.create",
                Objects.requireNonNullElse(request.name(), "a new VM"),
                progress -> presenter.vm(vms.create(
                        bundle.map(its -> bundles.provide(request, its, progress))
                                .orElse(request),
                        progress)));
    }

    @Override
    public Operation<VmInfo> startVm(String ref) {
        return operations.start("vm.start", vms.get(ref).name(), progress -> presenter.vm(vms.start(ref, progress)));
    }

    @Override
    public Operation<VmInfo> stopVm(String ref, StopMode mode) {
        return operations.start(
                "vm.stop", vms.get(ref).name(), progress -> presenter.vm(vms.stop(ref, mode, progress)));
    }

    @Override
    public Operation<VmInfo> restartVm(String ref) {
        return operations.start(
                "vm.restart", vms.get(ref).name(), progress -> presenter.vm(vms.restart(ref, progress)));
    }

    @Override
    public Operation<VmInfo> deleteVm(String ref) {
        VmInfo before = vm(ref);
        return operations.start("vm.delete", before.name(), progress -> {
            vms.delete(before.id(), progress);
            images.collectGarbage(vms::users);
            return before;
        });
    }

    @Override
    public Operation<VmInfo> setVm(String ref, VmSet request) {
        return operations.start(
                "vm.set", vms.get(ref).name(), progress -> presenter.vm(vms.set(ref, request, progress)));
    }

    @Override
    public Operation<List<VmInfo>> pruneVms(List<String> refs) {
        return operations.start("vm.prune", "stopped VMs", progress -> {
            List<VmInfo> deleted =
                    vms.prune(refs, progress).stream().map(presenter::vm).toList();
            images.collectGarbage(vms::users);
            return deleted;
        });
    }

    @Override
    public VmInfo pauseVm(String ref) {
        return presenter.vm(vms.pause(ref));
    }

    @Override
    public VmInfo resumeVm(String ref) {
        return presenter.vm(vms.resume(ref));
    }

    @Override
    public List<SnapshotInfo> snapshots(String ref) {
        VmRecord vm = vms.get(ref);
        return vms.snapshots(vm.id()).stream()
                .map(each -> presenter.snapshot(vm, each))
                .toList();
    }

    @Override
    public Operation<SnapshotInfo> createSnapshot(String ref, @Nullable String name) {
        VmRecord vm = vms.get(ref);
        return operations.start(
                "snapshot.create",
                vm.name(),
                progress -> presenter.snapshot(vms.get(vm.id()), vms.createSnapshot(vm.id(), name, progress)));
    }

    @Override
    public Operation<VmInfo> restoreSnapshot(String ref, String name) {
        VmRecord vm = vms.get(ref);
        vms.snapshot(vm.id(), name);
        return operations.start(
                "snapshot.restore", vm.name(), progress -> presenter.vm(vms.restoreSnapshot(vm.id(), name, progress)));
    }

    @Override
    public void deleteSnapshot(String ref, String name) {
        vms.deleteSnapshot(ref, name);
    }

    @Override
    public Operation<List<VmInfo>> forkVm(String ref, VmFork request) {
        VmRecord vm = vms.get(ref);
        return operations.start(
                "vm.fork",
                vm.name(),
                progress -> vms.fork(vm.id(), request, progress).stream()
                        .map(presenter::vm)
                        .toList());
    }

    @Override
    public List<TemplateInfo> templates() {
        return templates.all().stream().map(this::present).toList();
    }

    private TemplateInfo present(Snapshot template) {
        return presenter.template(template, templates.isCurrent(template));
    }

    @Override
    public TemplateInfo template(String ref) {
        return present(templates.get(ref));
    }

    @Override
    public Operation<TemplateInfo> warmTemplate(TemplateWarm request) {
        VmSpec spec = vms.templateSpec(configuration.complete(request));
        return operations.start("template.warm", spec.image(), progress -> present(templates.warm(spec, progress)));
    }

    @Override
    public void deleteTemplate(String ref) {
        templates.delete(ref);
    }

    @Override
    public List<TemplateInfo> pruneTemplates() {
        return templates.prune().stream()
                .map(each -> presenter.template(each, false))
                .toList();
    }

    @Override
    public VmStats stats(String ref) {
        return vms.stats(ref);
    }

    @Override
    public NatStatus natStatus(String ref) {
        return vms.natStatus(vms.get(ref));
    }

    @Override
    public ExecSession exec(String ref, ExecRequest request) {
        VmSpec spec = vms.get(ref).spec();
        VmProject project = spec.project();
        Map<String, String> variables = project == null ? Map.of() : project.environment();
        return vms.guest(ref)
                .exec(images.program(spec.image(), spec.imageDigest())
                        .completing(configuration.complete(request, variables)));
    }

    @Override
    public GuestConnection connect(String ref, int port) {
        return vms.guest(ref).connect(port);
    }

    @Override
    public SshAccess ssh(String ref) {
        return ssh.access(vms.awake(ref));
    }

    @Override
    public void download(String ref, String path, OutputStream tar) {
        vms.guest(ref).download(path, tar);
    }

    @Override
    public void upload(String ref, String directory, InputStream tar) {
        vms.guest(ref).upload(directory, tar);
    }

    @Override
    public InputStream logs(String ref, LogKind kind, boolean follow) {
        VmRecord vm = vms.get(ref);
        return new LogStream(vms.log(vm.id(), kind), follow, () -> vms.isAlive(vm));
    }

    @Override
    public List<ImageInfo> images() {
        return images.all().stream().map(this::present).toList();
    }

    @Override
    public ImageInfo image(String name) {
        return present(images.get(name));
    }

    private ImageInfo present(Image image) {
        return presenter.image(image, vms.users(image));
    }

    @Override
    public Operation<ImageInfo> buildImage(ImageBuild request) {
        return operations.start(
                "image.build", Objects.requireNonNullElse(request.name(), request.source()), progress -> {
                    ImageInfo built = present(images.build(request, progress));
                    images.collectGarbage(vms::users);
                    return built;
                });
    }

    @Override
    public Operation<ExportInfo> exportImage(String name, ExportRequest request) {
        images.get(name);
        return operations.start("image.export", name, progress -> images.export(name, request, progress));
    }

    @Override
    public Operation<PublishInfo> publishImage(String name, PublishRequest request) {
        images.get(name);
        return operations.start("image.publish", name, progress -> images.publish(name, request, progress));
    }

    @Override
    public UnpublishInfo unpublish(UnpublishRequest request) {
        return images.unpublish(request);
    }

    @Override
    public List<CatalogEntry> available(@Nullable String catalog) {
        return images.available(catalog);
    }

    @Override
    public Operation<ImageInfo> pullImage(ImagePull request) {
        return operations.start("image.pull", images.pulledName(request), progress -> {
            ImageInfo pulled = present(images.pull(request, progress));
            images.collectGarbage(vms::users);
            return pulled;
        });
    }

    @Override
    public Operation<VmInfo> customizeImage(String base, ImageCustomize request) {
        vms.checkCustomize(base, request);
        return operations.start(
                "image.customize", base, progress -> presenter.vm(vms.customize(base, request, progress)));
    }

    @Override
    public Operation<ImageInfo> keepImage(String ref, ImageKeep request) {
        VmRecord vm = vms.get(ref);
        images.checkFree(request.name(), request.replace());
        return operations.start("image.keep", request.name(), progress -> {
            ImageInfo made = present(vms.keepImage(vm.id(), request, progress));
            images.collectGarbage(vms::users);
            return made;
        });
    }

    @Override
    public List<CachedLayer> cachedLayers() {
        return images.cachedLayers();
    }

    @Override
    public List<CachedLayer> pruneLayers() {
        return images.pruneLayers();
    }

    @Override
    public void deleteImage(String name) {
        images.delete(name, vms::dependents, vms::letGo);
    }

    @Override
    public ImageInfo promoteImage(String name, @Nullable String as) {
        Image promoted = images.promote(name, Objects.requireNonNullElse(as, ImageService.DEFAULT));
        images.collectGarbage(vms::users);
        return present(promoted);
    }

    @Override
    public ImageDiff diffImages(String before, String after) {
        return comparison.compare(images.get(before), images.get(after));
    }

    @Override
    public List<KernelInfo> kernels() {
        return kernels.all().stream().map(this::present).toList();
    }

    @Override
    public KernelInfo kernel(String name) {
        return present(kernels.get(name));
    }

    private KernelInfo present(Kernel kernel) {
        return presenter.kernel(kernel, vms.users(kernel));
    }

    @Override
    public List<KernelVersion> kernelVersions(@Nullable String suite) {
        return kernels.versions(suite);
    }

    @Override
    public Operation<KernelInfo> pullKernel(KernelPull request) {
        kernels.checkPull(request);
        return operations.start(
                "kernel.pull", request.kernelName(), progress -> present(kernels.pull(request, progress)));
    }

    @Override
    public Operation<KernelInfo> buildKernel(KernelBuild request) {
        return operations.start("kernel.build", request.name(), progress -> present(kernels.build(request, progress)));
    }

    @Override
    public Operation<KernelInfo> importKernel(KernelImport request) {
        kernels.checkFree(request.name(), request.replace());
        return operations.start(
                "kernel.import", request.name(), progress -> present(bundles.importKernel(request, progress)));
    }

    @Override
    public Operation<ExportInfo> exportKernel(String name, ExportRequest request) {
        kernels.get(name);
        return operations.start("kernel.export", name, progress -> kernels.export(name, request, progress));
    }

    @Override
    public Operation<PublishInfo> publishKernel(String name, PublishRequest request) {
        kernels.get(name);
        return operations.start("kernel.publish", name, progress -> kernels.publish(name, request, progress));
    }

    @Override
    public Operation<KernelInfo> pullKernelExport(ExportPull request) {
        return operations.start(
                "kernel.pull", kernels.pulledName(request), progress -> present(kernels.pull(request, progress)));
    }

    @Override
    public void deleteKernel(String name) {
        kernels.delete(name, vms::dependents, vms::letGo);
    }

    @Override
    public List<NetworkInfo> networks() {
        return networks.all().stream().map(this::present).toList();
    }

    @Override
    public NetworkInfo network(String name) {
        return present(networks.get(name));
    }

    private NetworkInfo present(Network network) {
        return presenter.network(network, vms.users(network));
    }

    @Override
    public NetworkInfo createNetwork(NetworkCreate request) {
        return present(networks.create(request.name(), request.subnet()));
    }

    @Override
    public void deleteNetwork(String name) {
        networks.delete(name, vms::unlessUsed);
    }

    @Override
    public List<OperationInfo> operations() {
        return operations.all();
    }

    @Override
    public OperationInfo operation(String id) {
        return operations.get(id).info();
    }

    @Override
    public Operation<?> followOperation(String id) {
        return operations.get(id);
    }

    @Override
    public DaemonInfo daemon() {
        List<VmInfo> all = vms();
        return facts.info(all, vms.prepared());
    }

    @Override
    public void shutdownDaemon() {
        facts.requestShutdown();
    }

    @Override
    public ConfigReport config(ConfigQuery query) {
        return configuration.report(query);
    }

    @Override
    public BundleReport bundle(ConfigQuery query) {
        return configuration.bundle(query);
    }

    @Override
    public VmDefaults vmDefaults(ConfigQuery query) {
        return configuration.vmDefaults(query);
    }

    @Override
    public DoctorReport doctor() {
        return doctor.examine();
    }
}
