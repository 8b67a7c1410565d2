package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.ImageBuild;
import dev.banger.api.KernelImport;
import dev.banger.api.VmCreate;
import dev.banger.config.Bundle;
import dev.banger.config.Bundle.Part;
import dev.banger.host.debian.DirectoryKernelSource;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.image.ImageService;
import dev.banger.kernel.Kernel;
import dev.banger.kernel.KernelService;
import dev.banger.kernel.KernelSource;
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
        DirectoryKernelSource source = new DirectoryKernelSource(
                programs, bundle.source(), path, bundle.path(Part.INITRD), bundle.path(Part.MODULES));
        return kernels.make(bundle.publishedName(), source, false, progress).name();
    }

    /** The kernel of a directory as a runtime bundle is laid out; its other parts are not looked at. */
    Kernel importKernel(KernelImport request, Progress progress) {
        KernelSource source = kernelIn(request);
        kernels.checkFree(request.name(), request.replace());
        return kernels.make(request.name(), source, true, progress);
    }

    private KernelSource kernelIn(KernelImport request) {
        Bundle bundle = Bundle.read(request.directory());
        Path kernel = bundle.path(Part.KERNEL)
                .orElseThrow(() -> BangerException.notFound("there is no kernel in " + request.directory()
                        + ": neither is one where a bundle has it (vmlinux, vmlinuz, boot/vmlinuz-VERSION), nor does a"
                        + " bundle.json name one"));
        return new DirectoryKernelSource(
                programs, kernel.toString(), kernel, Optional.empty(), bundle.path(Part.MODULES));
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
