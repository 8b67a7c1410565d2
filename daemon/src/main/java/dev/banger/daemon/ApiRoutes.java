package dev.banger.daemon;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.BundleReport;
import dev.banger.api.CachedLayer;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ConfigQuery;
import dev.banger.api.ConfigReport;
import dev.banger.api.DaemonInfo;
import dev.banger.api.DoctorReport;
import dev.banger.api.ExportPull;
import dev.banger.api.ExportRequest;
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
import dev.banger.api.ProgressEvent;
import dev.banger.api.PublishRequest;
import dev.banger.api.SnapshotCreate;
import dev.banger.api.SnapshotInfo;
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
import dev.banger.api.VmStats;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import io.avaje.jsonb.Types;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The table of the REST API: every route, in the order of openapi.json. */
final class ApiRoutes {
    private static final List<String> NO_QUERY = List.of();

    private ApiRoutes() {}

    static List<Route> of(BangerApi api, Jsonb json) {
        return List.of(
                get("/v1/vms", "Lists all VMs.", Types.listOf(VmInfo.class), call -> api.vms()),
                new Route(
                        "POST",
                        "/v1/vms",
                        "Creates a VM, and starts it if the body says so.",
                        NO_QUERY,
                        VmCreate.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.createVm(call.body(VmCreate.class)))),
                get("/v1/vms/{vm}", "Shows a VM.", VmInfo.class, call -> api.vm(call.part("vm"))),
                new Route(
                        "PATCH",
                        "/v1/vms/{vm}",
                        "Changes a VM; what is left out stays.",
                        NO_QUERY,
                        VmSet.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.setVm(call.part("vm"), call.body(VmSet.class)))),
                operation(
                        "DELETE",
                        "/v1/vms/{vm}",
                        "Deletes a VM with its disks; a running one is killed first.",
                        call -> api.deleteVm(call.part("vm"))),
                operation("POST", "/v1/vms/{vm}/start", "Starts a VM.", call -> api.startVm(call.part("vm"))),
                operation(
                        "POST",
                        "/v1/vms/{vm}/stop",
                        "Stops a VM through its guest.",
                        call -> api.stopVm(call.part("vm"), StopMode.GRACEFUL)),
                operation(
                        "POST",
                        "/v1/vms/{vm}/kill",
                        "Stops a VM like pulling the plug.",
                        call -> api.stopVm(call.part("vm"), StopMode.KILL)),
                operation(
                        "POST",
                        "/v1/vms/{vm}/restart",
                        "Stops and starts a VM.",
                        call -> api.restartVm(call.part("vm"))),
                new Route(
                        "POST",
                        "/v1/vms/{vm}/pause",
                        "Stops a VM's CPUs; memory, processes and connections are kept.",
                        NO_QUERY,
                        null,
                        VmInfo.class,
                        200,
                        call -> api.pauseVm(call.part("vm"))),
                new Route(
                        "POST",
                        "/v1/vms/{vm}/resume",
                        "Lets a paused VM go on.",
                        NO_QUERY,
                        null,
                        VmInfo.class,
                        200,
                        call -> api.resumeVm(call.part("vm"))),
                get(
                        "/v1/vms/{vm}/snapshots",
                        "Lists a VM's snapshots, oldest first.",
                        Types.listOf(SnapshotInfo.class),
                        call -> api.snapshots(call.part("vm"))),
                new Route(
                        "POST",
                        "/v1/vms/{vm}/snapshots",
                        "Saves a VM: of a running one memory and disks, of a stopped one its disks.",
                        NO_QUERY,
                        SnapshotCreate.class,
                        OperationInfo.class,
                        202,
                        call -> begun(
                                call,
                                api.createSnapshot(
                                        call.part("vm"),
                                        call.body(SnapshotCreate.class).name()))),
                operation(
                        "POST",
                        "/v1/vms/{vm}/snapshots/{snapshot}/restore",
                        "Makes a VM what it was.",
                        call -> api.restoreSnapshot(call.part("vm"), call.part("snapshot"))),
                new Route(
                        "DELETE",
                        "/v1/vms/{vm}/snapshots/{snapshot}",
                        "Deletes a snapshot that nothing else is based on.",
                        NO_QUERY,
                        null,
                        null,
                        204,
                        call -> {
                            api.deleteSnapshot(call.part("vm"), call.part("snapshot"));
                            return null;
                        }),
                new Route(
                        "POST",
                        "/v1/vms/{vm}/fork",
                        "Makes new VMs of a running one.",
                        NO_QUERY,
                        VmFork.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.forkVm(call.part("vm"), call.body(VmFork.class)))),
                get(
                        "/v1/vms/{vm}/stats",
                        "A running VM's load, memory and disk.",
                        VmStats.class,
                        call -> api.stats(call.part("vm"))),
                get(
                        "/v1/vms/{vm}/nat",
                        "Whether a VM's way beyond the host is as it should be.",
                        NatStatus.class,
                        call -> api.natStatus(call.part("vm"))),
                new Route(
                        "GET",
                        "/v1/vms/{vm}/logs",
                        "The serial console (kind=console) or the VMM's messages (kind=vmm), as text.",
                        List.of("kind", "follow"),
                        null,
                        null,
                        200,
                        call -> logs(call, api)),
                get("/v1/images", "Lists all images.", Types.listOf(ImageInfo.class), call -> api.images()),
                new Route(
                        "POST",
                        "/v1/images",
                        "Builds an image.",
                        NO_QUERY,
                        ImageBuild.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.buildImage(call.body(ImageBuild.class)))),
                new Route(
                        "POST",
                        "/v1/images/pull",
                        "Pulls an image from an export, a catalog, a registry or an archive.",
                        NO_QUERY,
                        ImagePull.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.pullImage(call.body(ImagePull.class)))),
                get("/v1/images/{image}", "Shows an image.", ImageInfo.class, call -> api.image(call.part("image"))),
                new Route(
                        "POST",
                        "/v1/images/{image}/export",
                        "Writes an image to a directory or file of the host.",
                        NO_QUERY,
                        ExportRequest.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.exportImage(call.part("image"), call.body(ExportRequest.class)))),
                new Route(
                        "POST",
                        "/v1/images/{image}/publish",
                        "Puts an image into a signed catalog.",
                        NO_QUERY,
                        PublishRequest.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.publishImage(call.part("image"), call.body(PublishRequest.class)))),
                new Route(
                        "GET",
                        "/v1/catalog",
                        "Lists what the configured catalogs have, or the one that is named (catalog=LOCATION#KEY).",
                        List.of("catalog"),
                        null,
                        Types.listOf(CatalogEntry.class),
                        200,
                        call -> api.available(call.query("catalog").orElse(null))),
                new Route(
                        "POST",
                        "/v1/catalog/unpublish",
                        "Takes an image or kernel out of a signed catalog in a directory of the host.",
                        NO_QUERY,
                        UnpublishRequest.class,
                        UnpublishInfo.class,
                        200,
                        call -> api.unpublish(call.body(UnpublishRequest.class))),
                new Route(
                        "POST",
                        "/v1/images/{image}/promote",
                        "Makes another name (as=NAME; debian) stand for an image, too.",
                        List.of("as"),
                        null,
                        ImageInfo.class,
                        200,
                        call -> api.promoteImage(
                                call.part("image"), call.query("as").orElse(null))),
                new Route(
                        "GET",
                        "/v1/images/{image}/diff",
                        "What another image (to=NAME) has in packages and files that this one has not.",
                        List.of("to"),
                        null,
                        ImageDiff.class,
                        200,
                        call -> api.diffImages(
                                call.part("image"), call.query("to").orElse(""))),
                new Route(
                        "POST",
                        "/v1/images/{image}/customize",
                        "Boots a VM to make another image in; delete it unless it becomes one.",
                        NO_QUERY,
                        ImageCustomize.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.customizeImage(call.part("image"), call.body(ImageCustomize.class)))),
                new Route(
                        "POST",
                        "/v1/vms/{vm}/image",
                        "Makes an image of a VM that was made for that, which then is gone.",
                        NO_QUERY,
                        ImageKeep.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.keepImage(call.part("vm"), call.body(ImageKeep.class)))),
                new Route(
                        "DELETE",
                        "/v1/images/{image}",
                        "Deletes an image that no VM is based on.",
                        NO_QUERY,
                        null,
                        null,
                        204,
                        call -> {
                            api.deleteImage(call.part("image"));
                            return null;
                        }),
                get(
                        "/v1/layers",
                        "Lists the layers that pulls have fetched.",
                        Types.listOf(CachedLayer.class),
                        call -> api.cachedLayers()),
                new Route(
                        "POST",
                        "/v1/layers/prune",
                        "Deletes the layers that no pull is using; images do not need them.",
                        NO_QUERY,
                        null,
                        Types.listOf(CachedLayer.class),
                        200,
                        call -> api.pruneLayers()),
                get("/v1/kernels", "Lists all kernels.", Types.listOf(KernelInfo.class), call -> api.kernels()),
                get(
                        "/v1/kernels/{kernel}",
                        "Shows a kernel.",
                        KernelInfo.class,
                        call -> api.kernel(call.part("kernel"))),
                new Route(
                        "POST",
                        "/v1/kernels/{kernel}/pull",
                        "Fetches a kernel (one that a catalog has, or debian; suite and version choose another than the newest of the host's release, name calls it otherwise);"
                                + " one that is there is kept unless refresh=true.",
                        List.of("name", "suite", "version", "refresh"),
                        null,
                        OperationInfo.class,
                        202,
                        call -> begun(
                                call,
                                api.pullKernel(new KernelPull(
                                        call.part("kernel"),
                                        call.query("name").orElse(null),
                                        call.query("suite").orElse(null),
                                        call.query("version").orElse(null),
                                        call.flag("refresh"))))),
                new Route(
                        "POST",
                        "/v1/kernels/build",
                        "Compiles a kernel for sandboxes; one of that name that is there is kept unless the body says so.",
                        NO_QUERY,
                        KernelBuild.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.buildKernel(call.body(KernelBuild.class)))),
                new Route(
                        "POST",
                        "/v1/kernels/import",
                        "Makes a kernel of one that lies on the host.",
                        NO_QUERY,
                        KernelImport.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.importKernel(call.body(KernelImport.class)))),
                new Route(
                        "GET",
                        "/v1/kernel-versions",
                        "Lists the kernels that can be fetched, of the host's release or of a suite; takes seconds.",
                        List.of("suite"),
                        null,
                        Types.listOf(KernelVersion.class),
                        200,
                        call -> api.kernelVersions(call.query("suite").orElse(null))),
                new Route(
                        "POST",
                        "/v1/kernels/pull",
                        "Takes a kernel from an export; one of that name that is there is kept unless the body says so.",
                        NO_QUERY,
                        ExportPull.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.pullKernelExport(call.body(ExportPull.class)))),
                new Route(
                        "POST",
                        "/v1/kernels/{kernel}/export",
                        "Writes a kernel to a directory or file of the host.",
                        NO_QUERY,
                        ExportRequest.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.exportKernel(call.part("kernel"), call.body(ExportRequest.class)))),
                new Route(
                        "POST",
                        "/v1/kernels/{kernel}/publish",
                        "Puts a kernel into a signed catalog.",
                        NO_QUERY,
                        PublishRequest.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.publishKernel(call.part("kernel"), call.body(PublishRequest.class)))),
                new Route(
                        "DELETE",
                        "/v1/kernels/{kernel}",
                        "Deletes a kernel that no VM needs.",
                        NO_QUERY,
                        null,
                        null,
                        204,
                        call -> {
                            api.deleteKernel(call.part("kernel"));
                            return null;
                        }),
                get("/v1/templates", "Lists all templates.", Types.listOf(TemplateInfo.class), call -> api.templates()),
                new Route(
                        "POST",
                        "/v1/templates",
                        "Makes the template of an image ahead of need; one that is there is kept.",
                        NO_QUERY,
                        TemplateWarm.class,
                        OperationInfo.class,
                        202,
                        call -> begun(call, api.warmTemplate(call.body(TemplateWarm.class)))),
                get(
                        "/v1/templates/{template}",
                        "Shows a template.",
                        TemplateInfo.class,
                        call -> api.template(call.part("template"))),
                new Route(
                        "DELETE",
                        "/v1/templates/{template}",
                        "Deletes a template; the next VM of that make boots.",
                        NO_QUERY,
                        null,
                        null,
                        204,
                        call -> {
                            api.deleteTemplate(call.part("template"));
                            return null;
                        }),
                get("/v1/networks", "Lists all networks.", Types.listOf(NetworkInfo.class), call -> api.networks()),
                new Route(
                        "POST",
                        "/v1/networks",
                        "Makes a network whose VMs see each other.",
                        NO_QUERY,
                        NetworkCreate.class,
                        NetworkInfo.class,
                        201,
                        call -> api.createNetwork(call.body(NetworkCreate.class))),
                get(
                        "/v1/networks/{network}",
                        "Shows a network.",
                        NetworkInfo.class,
                        call -> api.network(call.part("network"))),
                new Route(
                        "DELETE",
                        "/v1/networks/{network}",
                        "Deletes a network that no VM is in.",
                        NO_QUERY,
                        null,
                        null,
                        204,
                        call -> {
                            api.deleteNetwork(call.part("network"));
                            return null;
                        }),
                get(
                        "/v1/operations",
                        "Lists operations, running and recently ended.",
                        Types.listOf(OperationInfo.class),
                        call -> api.operations()),
                get(
                        "/v1/operations/{operation}",
                        "Shows an operation.",
                        OperationInfo.class,
                        call -> api.operation(call.part("operation"))),
                new Route(
                        "GET",
                        "/v1/operations/{operation}/events",
                        "Follows an operation as server-sent events: \"progress\" (ProgressEvent), then one \"end\" (OperationInfo).",
                        NO_QUERY,
                        null,
                        null,
                        200,
                        call -> events(call, api, json)),
                new Route(
                        "DELETE",
                        "/v1/operations/{operation}",
                        "Cancels an operation; it undoes what it did.",
                        NO_QUERY,
                        null,
                        null,
                        204,
                        call -> {
                            api.followOperation(call.part("operation")).cancel();
                            return null;
                        }),
                new Route(
                        "GET",
                        "/v1/config",
                        "The configuration in effect; with directory that of who is there, with file that file.",
                        List.of("directory", "file"),
                        null,
                        ConfigReport.class,
                        200,
                        call -> api.config(asked(call))),
                new Route(
                        "GET",
                        "/v1/config/vm",
                        "What a new VM is unless its request says otherwise; with directory also by the project file there.",
                        List.of("directory"),
                        null,
                        VmDefaults.class,
                        200,
                        call -> api.vmDefaults(asked(call))),
                new Route(
                        "GET",
                        "/v1/bundle",
                        "A runtime bundle: that in the directory file, else the one that is configured.",
                        List.of("file"),
                        null,
                        BundleReport.class,
                        200,
                        call -> api.bundle(asked(call))),
                get("/v1/daemon", "Shows the daemon.", DaemonInfo.class, call -> api.daemon()),
                get("/v1/doctor", "Examines the host.", DoctorReport.class, call -> api.doctor()));
    }

    private static Route get(String path, String summary, Type response, Route.Action action) {
        return new Route("GET", path, summary, NO_QUERY, null, response, 200, action);
    }

    private interface Begin {
        Operation<?> begin(Call call);
    }

    private static Route operation(String method, String path, String summary, Begin begin) {
        return new Route(
                method,
                path,
                summary,
                NO_QUERY,
                null,
                OperationInfo.class,
                202,
                call -> begun(call, begin.begin(call)));
    }

    private static ConfigQuery asked(Call call) {
        return new ConfigQuery(
                call.query("directory").orElse(null),
                Map.of(),
                call.query("file").orElse(null));
    }

    private static OperationInfo begun(Call call, Operation<?> operation) {
        call.response().getHeaders().put("Location", "/v1/operations/" + operation.id());
        return operation.info();
    }

    private static @Nullable Object logs(Call call, BangerApi api) throws IOException {
        LogKind kind = call.query("kind").filter("vmm"::equals).isPresent() ? LogKind.VMM : LogKind.CONSOLE;
        try (InputStream log = api.logs(call.part("vm"), kind, call.flag("follow"));
                OutputStream out = call.stream("text/plain;charset=utf-8")) {
            byte[] buffer = new byte[8192];
            int count;
            while ((count = log.read(buffer)) >= 0) {
                out.write(buffer, 0, count);
                out.flush();
            }
        }
        return null;
    }

    private static @Nullable Object events(Call call, BangerApi api, Jsonb json) throws IOException {
        Operation<?> operation = api.followOperation(call.part("operation"));
        JsonType<ProgressEvent> progress = json.type(ProgressEvent.class);
        try (OutputStream out = call.stream("text/event-stream")) {
            try {
                operation.await(event -> send(out, "progress", progress.toJson(event)));
            } catch (BangerException e) {
                // How it ended is in the last event.
                send(out, "failure", json.toJson(ErrorBody.of(e)));
            }
            send(out, "end", json.type(OperationInfo.class).toJson(operation.info()));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return null;
    }

    private static void send(OutputStream out, String name, String data) {
        try {
            out.write(("event: " + name + "\ndata: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
