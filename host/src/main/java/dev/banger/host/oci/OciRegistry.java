package dev.banger.host.oci;

import dev.banger.api.BangerException;
import dev.banger.api.CachedLayer;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageProgram;
import dev.banger.api.ImagePull;
import dev.banger.host.http.HttpFetch;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.ext4.Ext4Image;
import dev.banger.host.oci.Documents.Platform;
import dev.banger.image.ImageRegistry;
import dev.banger.image.RootfsBuilder.Built;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Images of the OCI, from registries and archives. Nothing is ever unpacked on the host: layers are put together in memory and
 * in the blocks of the file system that becomes the image.
 */
public final class OciRegistry implements ImageRegistry {
    private static final long GIBIBYTE = 1L << 30;
    private static final long USUAL_BYTES = 10 * GIBIBYTE;
    /** Which blocks are taken is known by a bit for each; what layers claim to be must not make that large. */
    private static final long MOST_BYTES = 256 * GIBIBYTE;

    /** Layers unpack to two or three times their size; the rest is room for the VM. */
    private static final int UNPACKED = 6;
    /** An image may unpack to so many bytes for each of its own, and to this much anyway. */
    private static final long RATIO = 100;

    private static final long FREE_BYTES = GIBIBYTE;
    private static final int PROGRAM_CHARS = 128 * 1024;

    private final ProgramRunner programs;
    private final Credentials credentials;
    private final BlobCache cache;
    private final Map<String, String> environment;
    private final HttpFetch.Patience patience;
    private final Optional<String> home;
    /** Each holds its image's names in memory. */
    private final ReentrantLock unpacking = new ReentrantLock();

    /** {@code home}: where references without a registry lead, {@code HOST[:PORT][/PATH]}. */
    public OciRegistry(ProgramRunner programs, Map<String, String> environment, Path cache, Optional<String> home) {
        this(programs, environment, cache, home, HttpFetch.Patience.USUAL);
    }

    OciRegistry(
            ProgramRunner programs,
            Map<String, String> environment,
            Path cache,
            Optional<String> home,
            HttpFetch.Patience patience) {
        this.programs = programs;
        this.environment = Map.copyOf(environment);
        this.home = home;
        this.credentials = new Credentials(environment, programs);
        this.cache = new BlobCache(cache);
        this.patience = patience;
    }

    @Override
    public String name(String reference) {
        return Reference.parse(reference, home).name();
    }

    @Override
    public List<CachedLayer> cached() {
        return cache.all();
    }

    @Override
    public List<CachedLayer> prune() {
        return cache.prune();
    }

    @Override
    public Built pull(ImagePull request, Path staging, Progress progress) {
        Reference reference = Reference.parse(request.reference(), home);
        Platform wanted = Platform.parse(request.platform());
        Lack.refuse("pull " + reference, programs.lacks(List.of(Ext4.requirement())));
        progress.stage("asking for " + reference);
        PullProgress pulled = new PullProgress(progress);
        try (ImageSource source = open(reference, wanted, request.plainHttp(), pulled::arrived)) {
            return unpack(reference, source, staging, pulled);
        } catch (BadArchive e) {
            throw new BangerException(ErrorCode.DATA_CORRUPT, reference + " cannot be used: " + e.getMessage(), e);
        } catch (IOException e) {
            throw DiskFailure.of("cannot make an image of " + reference, staging, e);
        }
    }

    private ImageSource open(Reference reference, Platform wanted, boolean plainHttp, LongConsumer arrived)
            throws IOException {
        return switch (reference.transport()) {
            case REGISTRY ->
                RegistrySource.open(
                        reference,
                        wanted,
                        new Registry(
                                reference, plainHttp, credentials, base -> new HttpFetch(base, patience, environment)),
                        cache,
                        arrived);
            case OCI, OCI_ARCHIVE, DOCKER_ARCHIVE -> LocalSource.open(reference, wanted);
        };
    }

    private Built unpack(Reference reference, ImageSource source, Path staging, PullProgress progress)
            throws IOException {
        Contents contents = source.contents();
        long compressed = contents.bytes();
        ImageProgram program = program(contents.config());
        long bytes = Math.clamp((UNPACKED * compressed / GIBIBYTE + 1) * GIBIBYTE, USUAL_BYTES, MOST_BYTES);
        Path rootfs = staging.toAbsolutePath().resolve("rootfs");
        lock();
        try {
            progress.begin(reference, contents, reference.transport() == Reference.Transport.REGISTRY);
            new Ext4(programs).make(rootfs, bytes, "banger-root");
            LayerStream.Budget budget = new LayerStream.Budget(FREE_BYTES + RATIO * compressed);
            try (Ext4Image image = Ext4Image.open(rootfs)) {
                LayeredRoot root = new LayeredRoot(image);
                for (int index = 0; index < contents.layers().size(); index++) {
                    apply(source, index, root, budget);
                    progress.unpacked(contents.layers().get(index).bytes());
                }
                if (program.directory() != null) {
                    root.makeDirectory(program.directory());
                }
                image.finish();
                return new Built(reference + " (" + contents.digest() + ")", root.hasInit(), bytes, program);
            }
        } finally {
            unpacking.unlock();
        }
    }

    private void lock() {
        try {
            unpacking.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for another image to be made", e);
        }
    }

    private static void apply(ImageSource source, int index, LayeredRoot root, LayerStream.Budget budget)
            throws IOException {
        Contents.Layer layer = source.contents().layers().get(index);
        try (InputStream blob = source.layer(index);
                LayerStream tar = LayerStream.of(blob, budget)) {
            root.apply(tar);
            tar.verify(layer.diff());
        } catch (BadArchive e) {
            if (source instanceof RegistrySource registry) {
                registry.forget(index);
            }
            throw new BadArchive(
                    "layer " + (index + 1) + " of " + source.contents().layers().size() + ": " + e.getMessage());
        }
    }

    private static ImageProgram program(Documents.Config config) {
        Documents.Run run = config.config();
        if (run == null) {
            return ImageProgram.NONE;
        }
        Map<String, String> environment = new LinkedHashMap<>();
        for (String entry : run.env()) {
            int equals = entry.indexOf('=');
            if (equals > 0) {
                environment.put(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        ImageProgram program =
                new ImageProgram(run.entrypoint(), run.cmd(), environment, given(run.workingDir()), given(run.user()));
        if (program.toString().length() > PROGRAM_CHARS || program.toString().indexOf(0) >= 0) {
            throw new BadArchive("a configuration that no program can be run with");
        }
        return program;
    }

    private static @Nullable String given(@Nullable String value) {
        return value == null || value.isEmpty() ? null : value;
    }
}
