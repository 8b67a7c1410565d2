package dev.banger.image;

import dev.banger.api.BangerException;
import dev.banger.api.CachedLayer;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.api.ImageProgram;
import dev.banger.api.ImagePull;
import dev.banger.operation.Lack;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Owns the images. Thread-safe; each image is built once however many ask for it at the same time (P31, P32). */
public final class ImageService {
    /** The image a VM gets when none is asked for. */
    public static final String DEFAULT = "debian";

    private final ImageCatalog catalog;
    private final Map<String, RootfsBuilder> builders;
    private final ImageRegistry registry;
    private final NamedLocks locks = new NamedLocks();

    public ImageService(ImageCatalog catalog, List<RootfsBuilder> builders, ImageRegistry registry) {
        this.catalog = catalog;
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
        if (catalog.find(ImageName.check(name)).isEmpty() && !name.equals(DEFAULT)) {
            throw missing(name);
        }
    }

    /** What this host lacks for {@link #ensure}. */
    public List<Lack> lacks(String name) {
        RootfsBuilder builder = builders.get(DEFAULT);
        return catalog.find(name).isPresent() || builder == null ? List.of() : builder.lacks(usual(name));
    }

    private static ImageBuild usual(String name) {
        return new ImageBuild(name, name, null, List.of(), false);
    }

    /** The image of that name; the default one is built if it is not there. */
    public Image ensure(String name, Progress progress) {
        var found = catalog.find(name);
        if (found.isPresent()) {
            return found.get();
        }
        checkObtainable(name);
        return build(usual(name), progress);
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

    /** Pulls an image from a registry or an archive. */
    public Image pull(ImagePull request, Progress progress) {
        return make(
                pulledName(request), request.refresh(), progress, staging -> registry.pull(request, staging, progress));
    }

    /** The name that a pulled image will have; fails on a request that is wrong in itself. */
    public String pulledName(ImagePull request) {
        String usual = registry.name(request.reference());
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

    private BangerException missing(String name) {
        String there = catalog.all().stream().map(Image::name).collect(Collectors.joining(", "));
        return BangerException.notFound("there is no image \"" + name + "\"; "
                + (there.isEmpty() ? "none is built yet" : "there are: " + there)
                + ". \"banger image build debian\" makes the usual one");
    }

    private static String shortened(String digest) {
        return digest.length() > 12 ? digest.substring(0, 12) : digest;
    }
}
