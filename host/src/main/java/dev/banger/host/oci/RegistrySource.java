package dev.banger.host.oci;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.oci.Documents.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;

/** An image in a registry. Its layers are fetched, a few at a time, from when it is opened until it is closed. */
final class RegistrySource implements ImageSource {
    private static final int AT_A_TIME = 3;

    private final Reference reference;
    private final Registry registry;
    private final BlobCache cache;
    private final Contents contents;
    private final ExecutorService threads = Executors.newFixedThreadPool(
            AT_A_TIME, Thread.ofPlatform().daemon().name("fetch-", 0).factory());
    private final List<Future<FileChannel>> layers = new ArrayList<>();

    private RegistrySource(Reference reference, Registry registry, BlobCache cache, Contents contents) {
        this.reference = reference;
        this.registry = registry;
        this.cache = cache;
        this.contents = contents;
    }

    /** {@code registry}: closed with the source, also when there is none in the end. */
    static RegistrySource open(
            Reference reference, Platform platform, Registry registry, BlobCache cache, LongConsumer arrived) {
        try {
            String which = reference.digest().map(Digest::toString).orElse(reference.tag());
            byte[] document = registry.manifest(which);
            Digest digest = Digest.of(document);
            reference.digest().ifPresent(wanted -> wanted.check(digest, "a manifest"));
            Contents contents = Contents.of(
                    digest,
                    document,
                    platform,
                    (each, manifest) -> manifest ? registry.manifest(each.toString()) : registry.document(each));
            RegistrySource source = new RegistrySource(reference, registry, cache, contents);
            source.fetch(arrived);
            return source;
        } catch (IOException e) {
            registry.close();
            throw failed(reference, e);
        } catch (RuntimeException e) {
            registry.close();
            throw e;
        }
    }

    private void fetch(LongConsumer arrived) {
        for (Contents.Layer layer : contents.layers()) {
            layers.add(threads.submit(() ->
                    cache.fetch(layer.blob(), layer.bytes(), from -> registry.blob(layer.blob(), from), arrived)));
        }
    }

    @Override
    public Contents contents() {
        return contents;
    }

    @Override
    public InputStream layer(int index) {
        try {
            return new Slice(
                    layers.get(index).get(), 0, contents.layers().get(index).bytes(), true);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while fetching " + reference, e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failed(reference, failure);
                case RuntimeException failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    /** A layer that was whole when it came and is not any more must come again. */
    void forget(int index) {
        cache.forget(contents.layers().get(index).blob());
    }

    private static BangerException failed(Reference reference, IOException e) {
        String reason = String.valueOf(e.getMessage());
        ErrorCode code = reason.contains("No space left") ? ErrorCode.RESOURCE_EXHAUSTED : ErrorCode.REGISTRY_FAILED;
        return new BangerException(
                code, "cannot fetch " + reference + ": " + reason + "; the next pull goes on with what has come", e);
    }

    @Override
    public void close() {
        threads.shutdownNow();
        registry.close();
        for (Future<FileChannel> layer : layers) {
            if (layer.state() == Future.State.SUCCESS) {
                try {
                    layer.resultNow().close();
                } catch (IOException e) {
                    throw cache.failed(e);
                }
            }
        }
    }
}
