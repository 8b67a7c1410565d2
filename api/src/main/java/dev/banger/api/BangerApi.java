package dev.banger.api;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can be asked of banger. Implemented in the daemon by its services; the command line, the REST door and
 * the tests are its callers.
 *
 * <p>A VM is named by a <em>reference</em>: its name, its id, or a prefix of its id that no other VM shares. All methods
 * are thread-safe, block the calling thread, and fail with {@link BangerException}. Work that takes
 * longer than a moment is an {@link Operation}: it is under way when the method returns.
 */
public interface BangerApi {
    List<VmInfo> vms();

    VmInfo vm(String ref);

    /** Creates a VM and, if the request says so, starts it. Missing kernel and image are fetched and built first. */
    Operation<VmInfo> createVm(VmCreate request);

    /** Starts a stopped VM; a running one is left as it is. */
    Operation<VmInfo> startVm(String ref);

    /** Stops a VM through its guest; what does not stop in time is ended by force. Stopped already: nothing happens. */
    Operation<VmInfo> stopVm(String ref, StopMode mode);

    Operation<VmInfo> restartVm(String ref);

    /** Deletes a VM with its disks; a running one is killed first. */
    Operation<VmInfo> deleteVm(String ref);

    /** Changes what a VM is; memory, cpus and disk only while it is stopped. */
    Operation<VmInfo> setVm(String ref, VmSet request);

    /** Deletes those of these VMs that are stopped when their turn comes. */
    Operation<List<VmInfo>> pruneVms(List<String> refs);

    /** Stops a VM's CPUs; memory, processes and connections are kept. A paused one stays paused. */
    VmInfo pauseVm(String ref);

    /** Lets a paused VM go on; its clock is set. A running one is left as it is. */
    VmInfo resumeVm(String ref);

    /** The snapshots of a VM, oldest first; parents come before their children. */
    List<SnapshotInfo> snapshots(String ref);

    /**
     * Saves a VM: of a running one memory and disks, with a short pause, of a stopped one its disks.
     *
     * @param name null: one is made up
     */
    Operation<SnapshotInfo> createSnapshot(String ref, @Nullable String name);

    /** Makes a VM what it was; what it did since then is lost unless another snapshot has it. */
    Operation<VmInfo> restoreSnapshot(String ref, String name);

    /** Deletes a snapshot that nothing else is based on. */
    void deleteSnapshot(String ref, String name);

    /** Makes new VMs of a running one, with all it has in memory and on its disks, each with an identity of its own. */
    Operation<List<VmInfo>> forkVm(String ref, VmFork request);

    List<TemplateInfo> templates();

    /** {@code ref} is a template's id or a prefix that no other one has. */
    TemplateInfo template(String ref);

    /** Makes the template of an image ahead of need; one that is there is kept. */
    Operation<TemplateInfo> warmTemplate(TemplateWarm request);

    void deleteTemplate(String ref);

    /** Deletes the templates that no VM can start from any more. @return which */
    List<TemplateInfo> pruneTemplates();

    VmStats stats(String ref);

    /** Looks at the host's rules. */
    NatStatus natStatus(String ref);

    /** Starts a program in the guest. The caller closes the session. */
    ExecSession exec(String ref, ExecRequest request);

    /** Opens a TCP connection from inside the guest to one of its ports. The caller closes it. */
    GuestConnection connect(String ref, int port);

    /** What {@code ssh} needs to reach this VM: key, known hosts, user. */
    SshAccess ssh(String ref);

    /** Writes the file or tree at {@code path} in the guest to {@code tar} as a tar stream. */
    void download(String ref, String path, OutputStream tar);

    /** Unpacks a tar stream into the guest's directory. */
    void upload(String ref, String directory, InputStream tar);

    /** The VM's serial console or the VMM's own messages; with {@code follow} it ends when the VM does or is closed. */
    InputStream logs(String ref, LogKind kind, boolean follow);

    List<ImageInfo> images();

    ImageInfo image(String name);

    Operation<ImageInfo> buildImage(ImageBuild request);

    /** Writes an image to a directory or file that it can be carried elsewhere in; {@link #pullImage} takes it from there. */
    Operation<ExportInfo> exportImage(String name, ExportRequest request);

    /** Puts an image into a signed catalog, in place of one of that name. */
    Operation<PublishInfo> publishImage(String name, PublishRequest request);

    /** Takes an image or kernel out of a signed catalog. */
    UnpublishInfo unpublish(UnpublishRequest request);

    /**
     * The images and kernels that catalogs have, in the catalogs' order.
     *
     * @param catalog {@code LOCATION#KEY}; null: those that are configured
     */
    List<CatalogEntry> available(@Nullable String catalog);

    /** Makes an image of one in an export, a catalog, a registry or an archive; one of that name that is there is kept unless the request says so. */
    Operation<ImageInfo> pullImage(ImagePull request);

    /** Layers that pulls fetched, those used last first. */
    List<CachedLayer> cachedLayers();

    /** Removes the layers that no pull is using now. Images do not need them. @return what was removed */
    List<CachedLayer> pruneLayers();

    /**
     * Boots a VM of an image to make a new one in: its root disk is a copy of the image, it has no work disk, and it is deleted with
     * the daemon if its maker does not do so before. {@link #keepImage} makes an image of it.
     */
    Operation<VmInfo> customizeImage(String base, ImageCustomize request);

    /**
     * Makes an image of a VM from {@link #customizeImage}: takes out what made it this VM, stops it, checks its file system and
     * publishes it; the VM then is gone. Whatever fails, there is no image, and the VM is left to its maker.
     */
    Operation<ImageInfo> keepImage(String ref, ImageKeep request);

    void deleteImage(String name);

    /**
     * Makes another name stand for an image, as well and at once; what that name stood for stays for as long as VMs need it.
     *
     * @param as null: the name of the image that VMs get when they ask for none
     */
    ImageInfo promoteImage(String name, @Nullable String as);

    /** Compares the packages and files of two images; reads all of both. */
    ImageDiff diffImages(String before, String after);

    List<KernelInfo> kernels();

    KernelInfo kernel(String name);

    /**
     * The kernels that could be pulled, newest first. Reads Debian's package lists: takes seconds.
     *
     * @param suite null: that of the host
     */
    List<KernelVersion> kernelVersions(@Nullable String suite);

    /** Fetches a kernel that a catalog has, or one of Debian's cloud kernels; one of that name that is there is kept unless the request says so. */
    Operation<KernelInfo> pullKernel(KernelPull request);

    /** Compiles a kernel for sandboxes; one of that name that is there is kept unless the request says so. */
    Operation<KernelInfo> buildKernel(KernelBuild request);

    /** Makes a kernel of one that lies on the host, with its modules. */
    Operation<KernelInfo> importKernel(KernelImport request);

    /** As {@link #exportImage}. */
    Operation<ExportInfo> exportKernel(String name, ExportRequest request);

    /** As {@link #publishImage}. */
    Operation<PublishInfo> publishKernel(String name, PublishRequest request);

    /** Takes a kernel from an export; one of that name that is there is kept unless the request says so. */
    Operation<KernelInfo> pullKernelExport(ExportPull request);

    void deleteKernel(String name);

    /** The networks that VMs can be in; those that are always there first. */
    List<NetworkInfo> networks();

    NetworkInfo network(String name);

    /** Makes a network whose VMs see each other. */
    NetworkInfo createNetwork(NetworkCreate request);

    /** Deletes a network that no VM is in. */
    void deleteNetwork(String name);

    List<OperationInfo> operations();

    OperationInfo operation(String id);

    /** Follows an operation: events from its start until it ends. */
    Operation<?> followOperation(String id);

    DaemonInfo daemon();

    /** Asks the daemon to end; running VMs go on. Returns at once. */
    void shutdownDaemon();

    /** The configuration in effect, with the source of each value and all that is wrong with it. */
    ConfigReport config(ConfigQuery query);

    /** What a new VM shall be unless its maker says otherwise; fails with all that is wrong with the configuration. */
    VmDefaults vmDefaults(ConfigQuery query);

    /** A runtime bundle: that in the query's file, else the one that is configured. */
    BundleReport bundle(ConfigQuery query);

    /** Examines the host, changing nothing. */
    DoctorReport doctor();
}
