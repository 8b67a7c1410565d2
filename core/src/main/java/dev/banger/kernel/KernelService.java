package dev.banger.kernel;

import dev.banger.api.BangerException;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExportInfo;
import dev.banger.api.ExportPull;
import dev.banger.api.ExportRequest;
import dev.banger.api.ImageName;
import dev.banger.api.KernelBuild;
import dev.banger.api.KernelPull;
import dev.banger.api.KernelVersion;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishRequest;
import dev.banger.export.Content;
import dev.banger.export.Exports;
import dev.banger.operation.Lack;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Owns the kernels. Thread-safe; a kernel is fetched once however many ask for it at the same time (P31), and removing one
 * waits for a fetch of it (P34).
 */
public final class KernelService {
    /** The kernel a VM gets when none is asked for. */
    public static final String DEFAULT = "debian";

    /** The codename of a release, and what a mirror has beside it; it becomes a line of a file that apt reads. */
    private static final Pattern SUITE = Pattern.compile("[a-z][a-z0-9]{1,30}(-[a-z][a-z-]{1,30})?");
    /** Debian Policy, section 5.6.12; a release of a kernel has no other characters. */
    private static final Pattern VERSION = Pattern.compile("[0-9][A-Za-z0-9.+:~-]{0,60}");

    private final KernelCatalog catalog;
    private final KernelArchive archive;
    private final InitramfsAssembler assembler;
    private final Exports exports;
    private final NamedLocks locks = new NamedLocks();

    public KernelService(KernelCatalog catalog, KernelArchive archive, InitramfsAssembler assembler, Exports exports) {
        this.exports = exports;
        this.catalog = catalog;
        this.archive = archive;
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
        if (catalog.find(ImageName.check(name)).isEmpty() && !name.equals(archive.name()) && !exports.hasCatalogs()) {
            throw missing(name);
        }
    }

    /** What this host lacks for {@link #ensure}; nothing where a catalog may have the kernel. */
    public List<Lack> lacks(String name) {
        boolean fetched = catalog.find(name).isEmpty() && !exports.hasCatalogs();
        return fetched && name.equals(archive.name())
                ? archive.kernel(null, null).lacks()
                : List.of();
    }

    /** The kernel of that name, fetched if it is not there and a catalog or the archive has it. */
    public Kernel ensure(String name, Progress progress) {
        return catalog.find(name).orElseGet(() -> pull(KernelPull.usual(name), progress));
    }

    /** The archive's kernels that {@link #pull} could fetch, newest first. */
    public List<KernelVersion> versions(@Nullable String suite) {
        checkSuite(suite);
        Path scratch = catalog.stage();
        try {
            return archive.versions(suite, scratch, Progress.none());
        } finally {
            catalog.discard(scratch);
        }
    }

    /** A catalog's, where it has that name and neither version nor suite is asked for; else the archive's. */
    public Kernel pull(KernelPull request, Progress progress) {
        checkPull(request);
        String name = request.kernelName();
        var offered = mayBeOffered(request) ? offered(request.source(), progress) : Optional.<CatalogEntry>empty();
        if (offered.isPresent()) {
            return make(
                    name,
                    staging -> fetched(exports.fetch(offered.get(), staging, progress)),
                    request.refresh(),
                    progress);
        }
        if (!request.source().equals(archive.name())) {
            throw noSource(request, "; nor has a catalog such a kernel");
        }
        return make(name, archive.kernel(request.suite(), request.version()), request.refresh(), progress);
    }

    private boolean mayBeOffered(KernelPull request) {
        return exports.hasCatalogs() && request.suite() == null && request.version() == null;
    }

    /** What has a source of its own does not depend on a server. */
    private Optional<CatalogEntry> offered(String name, Progress progress) {
        progress.stage("looking for kernel " + name + " in the catalogs");
        try {
            return exports.find(Content.Kind.KERNEL, name, null);
        } catch (BangerException e) {
            if (!name.equals(archive.name()) || e.code() != ErrorCode.REGISTRY_FAILED) {
                throw e;
            }
            progress.warn(e.getMessage() + "; fetching kernel " + name + " from where it comes from");
            return Optional.empty();
        }
    }

    /** Fails for a request that could never be fulfilled. */
    public void checkPull(KernelPull request) {
        if (!request.source().equals(archive.name()) && !mayBeOffered(request)) {
            throw noSource(request, "");
        }
        checkSuite(request.suite());
        if (request.version() != null && !VERSION.matcher(request.version()).matches()) {
            throw BangerException.invalid("\"" + request.version() + "\" is no version of a kernel; \"banger kernel ls"
                    + " --available\" lists those there are");
        }
        ImageName.check(request.kernelName());
    }

    private BangerException noSource(KernelPull request, String more) {
        return BangerException.notFound(
                "there is no kernel source \"" + request.source() + "\"; there is " + archive.name() + more);
    }

    private static void checkSuite(@Nullable String suite) {
        if (suite != null && !SUITE.matcher(suite).matches()) {
            throw BangerException.invalid(
                    "\"" + suite + "\" is no suite of Debian; one is called bookworm-backports, for example");
        }
    }

    /** Takes a kernel from an export. */
    public Kernel pull(ExportPull request, Progress progress) {
        return make(
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

    public Kernel build(KernelBuild request, Progress progress) {
        ImageName.check(request.name());
        checkSuite(request.suite());
        Optional<Path> changes = Optional.ofNullable(request.config()).map(Path::of);
        return make(request.name(), archive.build(request.suite(), changes), request.refresh(), progress);
    }

    /** Fails where a kernel of that name is there and may not be replaced. */
    public void checkFree(String name, boolean replace) {
        if (!replace && catalog.find(ImageName.check(name)).isPresent()) {
            throw new BangerException(
                    ErrorCode.ALREADY_EXISTS,
                    "there is a kernel " + name + "; choose another name, or replace it with --replace");
        }
    }

    /** Makes a kernel of any source; without {@code refresh} one of that name that is there is the answer. */
    public Kernel make(String name, KernelSource source, boolean refresh, Progress progress) {
        return make(name, (Path staging) -> source.fetch(staging, progress), refresh, progress);
    }

    private Kernel make(String name, Function<Path, KernelSource.Fetched> content, boolean refresh, Progress progress) {
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
