package dev.banger.testkit;

import dev.banger.api.CachedLayer;
import dev.banger.api.ImageBuild;
import dev.banger.api.ImageProgram;
import dev.banger.api.ImagePull;
import dev.banger.api.KernelVersion;
import dev.banger.image.Image;
import dev.banger.image.ImageCatalog;
import dev.banger.image.ImageRegistry;
import dev.banger.image.ImageService;
import dev.banger.image.RootfsBuilder;
import dev.banger.kernel.Kernel;
import dev.banger.kernel.KernelArchive;
import dev.banger.kernel.KernelCatalog;
import dev.banger.kernel.KernelService;
import dev.banger.kernel.KernelSource;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Images and kernels in memory, made by counting how often that is asked for. Thread-safe. */
public final class FakeCatalogs {
    private final AtomicInteger builds = new AtomicInteger();
    private final AtomicInteger pulls = new AtomicInteger();
    private final List<Image> images = new ArrayList<>();
    private final List<Kernel> kernels = new ArrayList<>();
    private final List<Path> discarded = new ArrayList<>();
    private final FakeExports exports = new FakeExports();
    private volatile Path staging = Path.of("/staging");
    private volatile Runnable duringBuild = () -> {};
    private volatile List<Lack> lacks = List.of();

    /** What happens while an image is being built. */
    public void duringBuild(Runnable action) {
        duringBuild = action;
    }

    /** What is lacking to build an image, and to fetch a kernel, from now on. */
    public void lacking(Lack... all) {
        lacks = List.of(all);
    }

    /** Where images are made from now on. */
    public void stageIn(Path directory) {
        staging = directory;
    }

    /** What can be fetched by its name. */
    public FakeExports exports() {
        return exports;
    }

    public int builds() {
        return builds.get();
    }

    public int pulls() {
        return pulls.get();
    }

    /** Staging directories that were given back. */
    public synchronized int discarded() {
        return discarded.size();
    }

    public ImageService images() {
        return new ImageService(new Images(), List.of(new Builder()), new Registry(), exports);
    }

    public KernelService kernels() {
        return new KernelService(new Kernels(), new Archive(), kernel -> Path.of("/initramfs"), exports);
    }

    private synchronized void discard(Path staging) {
        discarded.add(staging);
    }

    private final class Builder implements RootfsBuilder {
        @Override
        public String source() {
            return "debian";
        }

        @Override
        public List<Lack> lacks(ImageBuild request) {
            return lacks;
        }

        @Override
        public Built build(ImageBuild request, Path staging, Progress progress) {
            progress.stage("building");
            duringBuild.run();
            builds.incrementAndGet();
            return new Built("a fake", true, 1024);
        }
    }

    private final class Registry implements ImageRegistry {
        @Override
        public String name(String reference) {
            return reference.substring(reference.lastIndexOf('/') + 1);
        }

        @Override
        public RootfsBuilder.Built pull(ImagePull request, Path staging, Progress progress) {
            progress.stage("pulling");
            duringBuild.run();
            builds.incrementAndGet();
            ImageProgram program =
                    new ImageProgram(List.of("/entry"), List.of("serve"), Map.of("FROM", "image"), "/srv", "app:app");
            return new RootfsBuilder.Built(request.reference(), false, 1024, program);
        }

        @Override
        public List<CachedLayer> cached() {
            return List.of();
        }

        @Override
        public List<CachedLayer> prune() {
            return List.of();
        }
    }

    private final class Archive implements KernelArchive {
        @Override
        public String name() {
            return "debian";
        }

        @Override
        public List<KernelVersion> versions(@Nullable String suite, Path scratch, Progress progress) {
            return List.of(new KernelVersion("6.1.0", "6.1-1", 1024, true));
        }

        @Override
        public KernelSource kernel(@Nullable String suite, @Nullable String version) {
            return new Source(version == null ? "6.1.0" : version);
        }

        @Override
        public KernelSource build(@Nullable String suite, Optional<Path> changes) {
            return new Source("6.1.0-built");
        }
    }

    private final class Source implements KernelSource {
        private final String version;

        Source(String version) {
            this.version = version;
        }

        @Override
        public List<Lack> lacks() {
            return lacks;
        }

        @Override
        public Fetched fetch(Path staging, Progress progress) {
            pulls.incrementAndGet();
            return new Fetched(version, "a fake");
        }
    }

    private final class Images implements ImageCatalog {
        @Override
        public Optional<Image> find(String name) {
            synchronized (FakeCatalogs.this) {
                return images.reversed().stream()
                        .filter(image -> image.name().equals(name))
                        .findFirst();
            }
        }

        @Override
        public Optional<Image> find(String name, String digest) {
            synchronized (FakeCatalogs.this) {
                return images.stream()
                        .filter(image ->
                                image.name().equals(name) && image.digest().equals(digest))
                        .findFirst();
            }
        }

        @Override
        public List<Image> all() {
            synchronized (FakeCatalogs.this) {
                return List.copyOf(images);
            }
        }

        @Override
        public Path stage() {
            return staging;
        }

        @Override
        public Image publish(Path staging, String name, RootfsBuilder.Built built) {
            Image image = new Image(
                    name,
                    "digest" + builds.get(),
                    built.source(),
                    built.hasInit(),
                    built.virtualBytes(),
                    1,
                    Instant.now(),
                    Path.of("/images", name),
                    Path.of("/images", name, "rootfs"),
                    built.program());
            synchronized (FakeCatalogs.this) {
                images.add(image);
            }
            return image;
        }

        @Override
        public Image promote(Image image, String name) {
            return publish(
                    staging,
                    name,
                    new RootfsBuilder.Built(image.source(), image.hasInit(), image.virtualBytes(), image.program()));
        }

        @Override
        public void discard(Path staging) {
            FakeCatalogs.this.discard(staging);
        }

        @Override
        public void delete(Image image) {
            synchronized (FakeCatalogs.this) {
                images.remove(image);
            }
        }

        @Override
        public List<Image> superseded() {
            return List.of();
        }
    }

    private final class Kernels implements KernelCatalog {
        @Override
        public Optional<Kernel> find(String name) {
            synchronized (FakeCatalogs.this) {
                return kernels.stream()
                        .filter(kernel -> kernel.name().equals(name))
                        .findFirst();
            }
        }

        @Override
        public List<Kernel> all() {
            synchronized (FakeCatalogs.this) {
                return List.copyOf(kernels);
            }
        }

        @Override
        public Path stage() {
            return Path.of("/staging");
        }

        @Override
        public Kernel publish(Path staging, String name, KernelSource.Fetched fetched) {
            Path directory = Path.of("/kernels", name);
            Kernel kernel = new Kernel(
                    name,
                    fetched.version(),
                    "digest",
                    fetched.source(),
                    1,
                    Instant.now(),
                    directory,
                    directory.resolve("vmlinux"),
                    directory.resolve("modules"),
                    directory.resolve("boot"));
            synchronized (FakeCatalogs.this) {
                kernels.add(kernel);
            }
            return kernel;
        }

        @Override
        public void discard(Path staging) {
            FakeCatalogs.this.discard(staging);
        }

        @Override
        public void delete(Kernel kernel) {
            synchronized (FakeCatalogs.this) {
                kernels.remove(kernel);
            }
        }
    }
}
