package dev.banger.host.oci;

import dev.banger.api.BangerException;
import dev.banger.api.CachedLayer;
import dev.banger.host.linux.DiskFailure;
import dev.banger.operation.NamedLocks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Layers as registries have them, each once, by digest. What is here under its digest had that digest when it came; what is not
 * whole yet has another name, and the next pull goes on with it. Thread-safe.
 */
final class BlobCache {
    private static final Logger LOG = LoggerFactory.getLogger(BlobCache.class);
    private static final String PARTIAL = ".part";
    private static final int BUFFER = 128 * 1024;

    private final Path directory;
    private final NamedLocks locks = new NamedLocks();

    BlobCache(Path directory) {
        this.directory = directory;
    }

    /** Opens a blob from a byte on. */
    @FunctionalInterface
    interface Remote {
        Registry.Part from(long offset) throws IOException;
    }

    /** The blob, open so that nobody can take it away; fetched unless it is there. {@code arrived} is told of bytes more. */
    FileChannel fetch(Digest digest, long bytes, Remote remote, LongConsumer arrived) throws IOException {
        Path file = directory.resolve(digest.hex());
        try (var lock = locks.take(digest.hex())) {
            if (Files.isRegularFile(file) && Files.size(file) == bytes) {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
                arrived.accept(bytes);
                return FileChannel.open(file, StandardOpenOption.READ);
            }
            Files.createDirectories(directory);
            Path partial = directory.resolve(digest.hex() + PARTIAL);
            download(digest, bytes, partial, remote, arrived);
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
            return FileChannel.open(file, StandardOpenOption.READ);
        }
    }

    private void download(Digest digest, long bytes, Path partial, Remote remote, LongConsumer arrived)
            throws IOException {
        try (FileChannel out = FileChannel.open(
                partial, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MessageDigest sum = Digest.begin();
            long have = resume(out, sum, bytes);
            long best = have;
            arrived.accept(have);
            while (have < bytes) {
                try (Registry.Part part = remote.from(have)) {
                    if (part.from() != have) {
                        arrived.accept(-have);
                        out.truncate(0);
                        sum = Digest.begin();
                        have = 0;
                    }
                    have = copy(part, out, sum, have, bytes, arrived);
                } catch (IOException e) {
                    have = out.size();
                    if (have <= best || Thread.currentThread().isInterrupted()) {
                        throw e;
                    }
                    best = have;
                    LOG.atInfo().addKeyValue("blob", digest.hex()).log("Going on with a blob that was cut");
                }
            }
            if (!digest.equals(Digest.of(sum))) {
                Files.delete(partial); // going on with it would never come right
                throw new BadArchive("the digest of a layer is not what it has to be");
            }
        }
    }

    private static long resume(FileChannel out, MessageDigest sum, long bytes) throws IOException {
        if (out.size() > bytes) {
            out.truncate(0);
        }
        byte[] buffer = new byte[BUFFER];
        var in = Channels.newInputStream(out);
        for (int got = in.read(buffer); got > 0; got = in.read(buffer)) {
            sum.update(buffer, 0, got);
        }
        return out.position();
    }

    private static long copy(
            Registry.Part part, FileChannel out, MessageDigest sum, long from, long bytes, LongConsumer arrived)
            throws IOException {
        byte[] buffer = new byte[BUFFER];
        long have = from;
        for (int got = part.in().read(buffer); got >= 0; got = part.in().read(buffer)) {
            if (got > bytes - have) {
                out.truncate(0);
                throw new BadArchive("a layer that is longer than the manifest says");
            }
            ByteBuffer wrapped = ByteBuffer.wrap(buffer, 0, got);
            while (wrapped.hasRemaining()) {
                out.write(wrapped);
            }
            sum.update(buffer, 0, got);
            have += got;
            arrived.accept(got);
        }
        if (have < bytes) {
            throw new IOException("a layer ended after " + have + " of " + bytes + " bytes");
        }
        return have;
    }

    /** Forgets a blob that turned out not to be what it was. */
    void forget(Digest digest) {
        try {
            Files.deleteIfExists(directory.resolve(digest.hex()));
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** The layers, those used last first. */
    List<CachedLayer> all() {
        List<CachedLayer> all = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return all;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                boolean whole = !name.endsWith(PARTIAL);
                all.add(new CachedLayer(
                        "sha256:" + name.replace(PARTIAL, ""),
                        Files.size(file),
                        whole,
                        Files.getLastModifiedTime(file).toInstant()));
            }
        } catch (IOException e) {
            throw failed(e);
        }
        all.sort(Comparator.comparing(CachedLayer::usedAt).reversed());
        return all;
    }

    /** Removes all that no pull is using now. @return what was removed */
    List<CachedLayer> prune() {
        List<CachedLayer> pruned = new ArrayList<>();
        for (CachedLayer layer : all()) {
            String name = layer.digest().substring("sha256:".length());
            if (locks.isHeld(name)) {
                continue;
            }
            try (var lock = locks.take(name)) {
                if (Files.deleteIfExists(directory.resolve(layer.whole() ? name : name + PARTIAL))) {
                    pruned.add(layer);
                }
            } catch (IOException e) {
                throw failed(e);
            }
        }
        return pruned;
    }

    BangerException failed(IOException e) {
        return DiskFailure.of("cannot use the layers in " + directory, directory, e);
    }
}
