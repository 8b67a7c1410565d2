package dev.banger.kernel;

import dev.banger.api.BangerException;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExportInfo;
import dev.banger.api.ExportPull;
import dev.banger.api.ExportRequest;
import dev.banger.api.ImageName;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishRequest;
import dev.banger.export.Content;
import dev.banger.export.Exports;
import dev.banger.operation.Lack;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Owns the kernels. Thread-safe; a kernel is fetched once however many ask for it at the same time (P31), and removing one
 * waits for a fetch of it (P34).
 */
public final class KernelService {
    /** The kernel a VM gets when none is asked for. */
    public static final String DEFAULT = "debian";

    private final KernelCatalog catalog;
    private final Map<String, KernelSource> sources;
    private final InitramfsAssembler assembler;
    private final Exports exports;
    private final NamedLocks locks = new NamedLocks();

    public KernelService(
            KernelCatalog catalog, List<KernelSource> sources, InitramfsAssembler assembler, Exports exports) {
        this.exports = exports;
        this.catalog = catalog;
        this.sources = sources.stream().collect(Collectors.toMap(KernelSource::name, Function.identity()));
        this.assembler = assembler;
    }

    public List<Kernel> all() {
        return catalog.all();
    }

    public boolean has(String name) {
        return catalog.find(ImageName.check(name)).isPresent();
    }

    public Kernel get(String name) {
        return catalog.find(ImageName.check(name)).orElseThrow(() -> missing(name));
    }

    /** Fails unless {@link #ensure} could give this kernel. */
    public void checkObtainable(String name) {
        if (catalog.find(ImageName.check(name)).isEmpty() && !sources.containsKey(name) && !exports.hasCatalogs()) {
            throw missing(name);
        }
    }

    /** What this host lacks for {@link #ensure}; nothing where a catalog may have the kernel. */
    public List<Lack> lacks(String name) {
        KernelSource source = sources.get(name);
        boolean fetched = catalog.find(name).isEmpty() && !exports.hasCatalogs();
        return fetched && source != null ? source.lacks() : List.of();
    }

    /** The kernel of that name, fetched if it is not there and a catalog or a source has it. */
    public Kernel ensure(String name, Progress progress) {
        return catalog.find(name).orElseGet(() -> pull(name, false, progress));
    }

    public Kernel pull(String name, boolean refresh, Progress progress) {
        var offered = exports.hasCatalogs() ? offered(name, progress) : Optional.<CatalogEntry>empty();
        if (offered.isPresent()) {
            return pull(name, staging -> fetched(exports.fetch(offered.get(), staging, progress)), refresh, progress);
        }
        KernelSource source = sources.get(name);
        if (source == null) {
            throw BangerException.notFound("there is no kernel source \"" + name + "\"; there are "
                    + String.join(", ", sources.keySet().stream().sorted().toList())
                    + (exports.hasCatalogs() ? "; nor has a catalog such a kernel" : ""));
        }
        return pull(name, source, refresh, progress);
    }

    /** What has a source of its own does not depend on a server. */
    private Optional<CatalogEntry> offered(String name, Progress progress) {
        progress.stage("looking for kernel " + name + " in the catalogs");
        try {
            return exports.find(Content.Kind.KERNEL, name, null);
        } catch (BangerException e) {
            if (!sources.containsKey(name) || e.code() != ErrorCode.REGISTRY_FAILED) {
                throw e;
            }
            progress.warn(e.getMessage() + "; fetching kernel " + name + " from where it comes from");
            return Optional.empty();
        }
    }

    /** Takes a kernel from an export. */
    public Kernel pull(ExportPull request, Progress progress) {
        return pull(
                pulledName(request),
                staging -> fetched(exports.fetch(Content.Kind.KERNEL, request.reference(), staging, progress)),
                request.refresh(),
                progress);
    }

    /** The name that such a kernel will have; fails on a request that is wrong in itself. */
    public String pulledName(ExportPull request) {
        if (!exports.isReference(request.reference())) {
            throw BangerException.invalid("an export is at a path from the root on, or at an https address; \""
                    + request.reference() + "\" is neither");
        }
        return ImageName.check(request.name() == null ? exports.name(request.reference()) : request.name());
    }

    private static KernelSource.Fetched fetched(Content content) {
        return new KernelSource.Fetched(content.release(), content.source());
    }

    /** Writes a kernel to where it can be carried elsewhere from. */
    public ExportInfo export(String name, ExportRequest request, Progress progress) {
        Kernel kernel = get(name);
        return exports.export(kernel.content(), kernel.directory(), request, progress);
    }

    /** Puts a kernel into a catalog. */
    public PublishInfo publish(String name, PublishRequest request, Progress progress) {
        Kernel kernel = get(name);
        return exports.publish(kernel.content(), kernel.directory(), request, progress);
    }

    /** From a source of its own, under a name that no other source has. */
    public Kernel pull(String name, KernelSource source, boolean refresh, Progress progress) {
        return pull(name, (Path staging) -> source.fetch(staging, progress), refresh, progress);
    }

    private Kernel pull(String name, Function<Path, KernelSource.Fetched> content, boolean refresh, Progress progress) {
        if (locks.isHeld(name)) {
            progress.stage("waiting for another pull of kernel " + name);
        }
        try (var lock = locks.take(name)) {
            var found = catalog.find(name);
            if (found.isPresent() && !refresh) {
                return found.get();
            }
            Path staging = catalog.stage();
            try {
                KernelSource.Fetched fetched = content.apply(staging);
                progress.stage("publishing kernel " + name);
                return catalog.publish(staging, name, fetched);
            } finally {
                catalog.discard(staging);
            }
        }
    }

    /** What a VM with this kernel boots into. */
    public Path initramfs(Kernel kernel) {
        return assembler.initramfs(kernel);
    }

    /**
     * Deletes a kernel; {@code inUse} tells who needs it, and then it is refused. {@code letGo} removes what was made with it and can
     * be made again.
     */
    public void delete(String name, Function<Kernel, List<String>> inUse, Consumer<Kernel> letGo) {
        try (var lock = locks.take(name)) {
            Kernel kernel = get(name);
            List<String> users = inUse.apply(kernel);
            if (!users.isEmpty()) {
                throw new BangerException(
                        ErrorCode.IN_USE,
                        "kernel " + name + " is in use by " + String.join(", ", users) + "; delete those first");
            }
            letGo.accept(kernel);
            catalog.delete(kernel);
        }
    }

    private BangerException missing(String name) {
        String there = catalog.all().stream().map(Kernel::name).collect(Collectors.joining(", "));
        return BangerException.notFound("there is no kernel \"" + name + "\"; "
                + (there.isEmpty() ? "none is there yet" : "there are: " + there)
                + ". \"banger kernel pull debian\" fetches the usual one");
    }
}
