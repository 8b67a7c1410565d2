package dev.banger.daemon;

import dev.banger.api.ImageBuild;
import dev.banger.api.VmCreate;
import dev.banger.config.Bundle;
import dev.banger.config.Bundle.Part;
import dev.banger.host.debian.BundleKernelSource;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes image and kernel of a runtime bundle, which new VMs then have like any others. Thread-safe. */
final class Bundles {
    private final ImageService images;
    private final KernelService kernels;
    private final ProgramRunner programs;

    Bundles(ImageService images, KernelService kernels, ProgramRunner programs) {
        this.images = images;
        this.kernels = kernels;
        this.programs = programs;
    }

    /** The bundle that a request names; fails with all that is wrong with it. */
    static Optional<Bundle> of(VmCreate request) {
        return Optional.ofNullable(request.runtimeDir()).map(Bundle::read);
    }

    /** The request with the bundle's image and kernel where it chooses none, made if they are not there. */
    VmCreate provide(VmCreate request, Bundle bundle, Progress progress) {
        Optional<String> kernel = bundle.path(Part.KERNEL)
                .filter(path -> request.kernel() == null)
                .map(path -> kernel(bundle, path, progress));
        Optional<String> image = bundle.path(Part.ROOTFS)
                .filter(path -> request.image() == null)
                .map(path -> image(bundle, path, progress));
        return withMake(request, or(request.image(), image), or(request.kernel(), kernel));
    }

    private String kernel(Bundle bundle, Path path, Progress progress) {
        BundleKernelSource source = new BundleKernelSource(
                programs, bundle.source(), path, bundle.path(Part.INITRD), bundle.path(Part.MODULES));
        return kernels.pull(bundle.publishedName(), source, false, progress).name();
    }

    private String image(Bundle bundle, Path path, Progress progress) {
        String name = Objects.requireNonNull(path.getFileName()).toString();
        boolean isTar = name.matches(".*\\.(tar(\\.[a-z0-9]+)?|tgz|txz)");
        String source = Files.isDirectory(path) ? "directory" : isTar ? "tar" : "ext4";
        ImageBuild build = new ImageBuild(bundle.publishedName(), source, path.toString(), List.of(), false);
        return images.build(build, progress).name();
    }

    private static @Nullable String or(@Nullable String given, Optional<String> otherwise) {
        return given != null ? given : otherwise.orElse(null);
    }

    private static VmCreate withMake(VmCreate request, @Nullable String image, @Nullable String kernel) {
        return new VmCreate(
                request.name(),
                image,
                kernel,
                request.cpus(),
                request.memoryMiB(),
                request.diskBytes(),
                request.acceleration(),
                request.ports(),
                request.start(),
                request.cold(),
                request.idlePauseSeconds(),
                request.ephemeral(),
                request.waitFor(),
                request.network(),
                request.nested(),
                request.vmm(),
                request.project(),
                request.runtimeDir());
    }
}
