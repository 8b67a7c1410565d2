package dev.banger.image;

import dev.banger.api.BangerException;
import dev.banger.api.CachedLayer;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExportInfo;
import dev.banger.api.ExportRequest;
import dev.banger.api.ImageBuild;
import dev.banger.api.ImageName;
import dev.banger.api.ImageProgram;
import dev.banger.api.ImagePull;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishRequest;
import dev.banger.api.UnpublishInfo;
import dev.banger.api.UnpublishRequest;
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
import org.jspecify.annotations.Nullable;

/** Owns the images. Thread-safe; each image is built once however many ask for it at the same time (P31, P32). */
public final class ImageService {
    /** The image a VM gets when none is asked for. */
    public static final String DEFAULT = "debian";

    private final ImageCatalog catalog;
    private final Map<String, RootfsBuilder> builders;
    private final ImageRegistry registry;
    private final Exports exports;
    private final NamedLocks locks = new NamedLocks();

    public ImageService(ImageCatalog catalog, List<RootfsBuilder> builders, ImageRegistry registry, Exports exports) {
        this.catalog = catalog;
        this.exports = exports;
        this.registry = registry;
        this.builders = builders.stream().collect(Collectors.toMap(RootfsBuilder::source, Function.identity()));
    }

    public List<Image> all() {
        return catalog.all();
    }

    public boolean has(String name) {
        return catalog.find(ImageName.check(name)).isPresent();
    }

    public Image get(String name) {
        return catalog.find(ImageName.check(name)).orElseThrow(() -> missing(name));
    }

    /** The build a VM is based on. */
    public Image get(String name, String digest) {
        return catalog.find(name, digest)
                .orElseThrow(() -> new BangerException(
                        ErrorCode.DATA_CORRUPT,
                        "the build " + shortened(digest) + " of image " + name
                                + " that the VM is based on is gone from disk; its disk cannot be read without it"));
    }

    /** Fails unless {@link #ensure} could give this image. */
    public void checkObtainable(String name) {
        if (catalog.find(ImageName.check(name)).isEmpty() && !name.equals(DEFAULT) && !exports.hasCatalogs()) {
            throw missing(name);
        }
    }

    /** What this host lacks for {@link #ensure}; nothing where a catalog may have the image. */
    public List<Lack> lacks(String name) {
        RootfsBuilder builder = builders.get(DEFAULT);
        boolean built = catalog.find(name).isEmpty() && !exports.hasCatalogs();
        return built && builder != null ? builder.lacks(usual(name)) : List.of();
    }

    private static ImageBuild usual(String name) {
        return new ImageBuild(name, name, null, List.of(), false);
    }

    /** The image of that name; one that is not there is fetched from a catalog, and the default one built if none has it. */
    public Image ensure(String name, Progress progress) {
        var found = catalog.find(name);
        if (found.isPresent()) {
            return found.get();
        }
        checkObtainable(name);
        var offered = exports.hasCatalogs() ? offeredOrBuilt(name, progress) : Optional.<CatalogEntry>empty();
        if (offered.isPresent()) {
            return make(name, false, progress, staging -> built(exports.fetch(offered.get(), staging, progress)));
        }
        if (!name.equals(DEFAULT)) {
            throw missing(name);
        }
        return build(usual(name), progress);
    }

    /** What can be built here does not depend on a server. */
    private Optional<CatalogEntry> offeredOrBuilt(String name, Progress progress) {
        try {
            return offered(name, null, progress);
        } catch (BangerException e) {
            if (!name.equals(DEFAULT) || e.code() != ErrorCode.REGISTRY_FAILED) {
                throw e;
            }
            progress.warn(e.getMessage() + "; building image " + name + " instead");
            return Optional.empty();
        }
    }

    private Optional<CatalogEntry> offered(String name, @Nullable String only, Progress progress) {
        progress.stage("looking for image " + name + " in the catalogs");
        return exports.find(Content.Kind.IMAGE, name, only);
    }

    public Image build(ImageBuild request, Progress progress) {
        RootfsBuilder builder = builders.get(request.source());
        if (builder == null) {
            throw BangerException.invalid("there is no image source \"" + request.source() + "\"; there are "
                    + String.join(", ", builders.keySet().stream().sorted().toList()));
        }
        String name = request.name() == null ? request.source() : ImageName.check(request.name());
        return make(name, request.refresh(), progress, staging -> builder.build(request, staging, progress));
    }

    /** Pulls an image from an export, a catalog, a registry or an archive. */
    public Image pull(ImagePull request, Progress progress) {
        return make(pulledName(request), request.refresh(), progress, staging -> pulled(request, staging, progress));
    }

    private RootfsBuilder.Built pulled(ImagePull request, Path staging, Progress progress) {
        String reference = request.reference();
        if (exports.isReference(reference)) {
            return built(exports.fetch(Content.Kind.IMAGE, reference, staging, progress));
        }
        if (mayBeInCatalogs(request)) {
            var offered = offered(reference, request.catalog(), progress);
            if (offered.isPresent()) {
                return built(exports.fetch(offered.get(), staging, progress));
            }
            if (request.catalog() != null) {
                throw notOffered(reference, request.catalog());
            }
        }
        try {
            return registry.pull(request, staging, progress);
        } catch (BangerException e) {
            throw e.code() == ErrorCode.INVALID_ARGUMENT && mayBeInCatalogs(request) ? notOffered(reference, null) : e;
        }
    }

    /** A name without anything that only a registry's references have. */
    private boolean mayBeInCatalogs(ImagePull request) {
        return (request.catalog() != null || exports.hasCatalogs()) && ImageName.isOne(request.reference());
    }

    private static RootfsBuilder.Built built(Content content) {
        return new RootfsBuilder.Built(
                content.source(),
                content.hasInit(),
                content.virtualBytes(),
                content.program(),
                new RootfsBuilder.Measured(content.digest(), content.dataBytes()));
    }

    /** All that the catalogs have, or the one that is named. */
    public List<CatalogEntry> available(@Nullable String only) {
        return exports.available(only);
    }

    /** Writes an image to where it can be carried elsewhere from. */
    public ExportInfo export(String name, ExportRequest request, Progress progress) {
        Image image = get(name);
        return exports.export(image.content(), image.directory(), request, progress);
    }

    /** Puts an image into a catalog. */
    public PublishInfo publish(String name, PublishRequest request, Progress progress) {
        Image image = get(name);
        return exports.publish(image.content(), image.directory(), request, progress);
    }

    /** Takes an image or kernel out of a catalog. */
    public UnpublishInfo unpublish(UnpublishRequest request) {
        return exports.unpublish(request);
    }

    /** The name that a pulled image will have; fails on a request that is wrong in itself. */
    public String pulledName(ImagePull request) {
        String reference = request.reference();
        String usual = exports.isReference(reference)
                ? exports.name(reference)
                : mayBeInCatalogs(request) ? reference : registry.name(reference);
        return ImageName.check(request.name() == null ? usual : request.name());
    }

    private Image make(String name, boolean refresh, Progress progress, Function<Path, RootfsBuilder.Built> work) {
        if (locks.isHeld(name)) {
            progress.stage("waiting for another build of image " + name);
        }
        try (var lock = locks.take(name)) {
            var found = catalog.find(name);
            if (found.isPresent() && !refresh) {
                return found.get();
            }
            return publish(name, work, progress);
        }
    }

    private Image publish(String name, Function<Path, RootfsBuilder.Built> content, Progress progress) {
        Path staging = catalog.stage();
        try {
            RootfsBuilder.Built built = content.apply(staging);
            progress.stage("publishing image " + name);
            return catalog.publish(staging, name, built);
        } finally {
            catalog.discard(staging);
        }
    }

    /** Fails unless a new image can get that name; {@code replace}: also one that another image has. */
    public void checkFree(String name, boolean replace) {
        if (catalog.find(ImageName.check(name)).isPresent() && !replace) {
            throw new BangerException(
                    ErrorCode.ALREADY_EXISTS,
                    "there is an image " + name + "; choose another name, or replace it with --replace");
        }
    }

    /**
     * Makes an image of what {@code content} leaves in a directory it is given, as {@link RootfsBuilder#build} does; nothing is left of
     * it if that fails.
     */
    public Image add(String name, boolean replace, Function<Path, RootfsBuilder.Built> content, Progress progress) {
        ImageName.check(name);
        try (var lock = locks.take(name)) {
            checkFree(name, replace);
            return publish(name, content, progress);
        }
    }

    /** Makes another name stand for an image, too. */
    public Image promote(String name, String as) {
        try (var lock = locks.take(ImageName.check(as))) {
            Image image = get(name);
            return image.name().equals(as) ? image : catalog.promote(image, as);
        }
    }

    /** What the image of a VM says of the program it is made for. */
    public ImageProgram program(String name, String digest) {
        return catalog.find(name, digest).map(Image::program).orElse(ImageProgram.NONE);
    }

    public List<CachedLayer> cachedLayers() {
        return registry.cached();
    }

    public List<CachedLayer> pruneLayers() {
        return registry.prune();
    }

    /**
     * Deletes an image; {@code inUse} tells who depends on a build, which then is refused. {@code letGo} removes what was made of it
     * and can be made again.
     */
    public void delete(String name, Function<Image, List<String>> inUse, Consumer<Image> letGo) {
        try (var lock = locks.take(name)) {
            Image image = get(name);
            List<String> users = inUse.apply(image);
            if (!users.isEmpty()) {
                throw new BangerException(
                        ErrorCode.IN_USE,
                        "image " + name + " is in use by " + String.join(", ", users) + "; delete those first");
            }
            letGo.accept(image);
            catalog.delete(image);
        }
    }

    /** Deletes builds that neither a name nor a VM needs any more. */
    public void collectGarbage(Function<Image, List<String>> inUse) {
        for (Image image : catalog.superseded()) {
            if (inUse.apply(image).isEmpty()) {
                catalog.delete(image);
            }
        }
    }

    private BangerException notOffered(String name, @Nullable String only) {
        String there = exports.available(only).stream()
                .filter(entry -> entry.kind().equals(Content.Kind.IMAGE.toString()))
                .map(CatalogEntry::name)
                .distinct()
                .collect(Collectors.joining(", "));
        return BangerException.notFound("no catalog has an image \"" + name + "\""
                + (there.isEmpty() ? "; they have none for this host" : "; they have: " + there));
    }

    private BangerException missing(String name) {
        String there = catalog.all().stream().map(Image::name).collect(Collectors.joining(", "));
        return BangerException.notFound("there is no image \"" + name + "\"; "
                + (there.isEmpty() ? "none is built yet" : "there are: " + there)
                + (exports.hasCatalogs()
                        ? "; nor has a catalog one: \"banger image ls --available\" lists what they have"
                        : ". \"banger image build debian\" makes the usual one"));
    }

    private static String shortened(String digest) {
        return digest.length() > 12 ? digest.substring(0, 12) : digest;
    }
}
