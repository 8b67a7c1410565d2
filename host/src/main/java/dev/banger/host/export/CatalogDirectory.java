package dev.banger.host.export;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.export.Content;
import dev.banger.host.linux.PublishedFile;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The directory of a catalog that is maintained here. Blobs come first, the catalog by a rename: who reads sees the old or the new one. */
final class CatalogDirectory {
    private static final String LOCK = ".lock";

    private final Path directory;
    private final SigningKey key;

    CatalogDirectory(Path directory, SigningKey key) {
        this.directory = directory;
        this.key = key;
    }

    /** What was published, and the serial of the catalog that lists it. */
    record Published(ExportWriter.Written written, long serial) {}

    /** The catalog as it is now, and how much was deleted of what it needs no more. */
    record Removed(Catalog catalog, long prunedBytes) {}

    /** Work on the directory. */
    private interface Work<T> {
        T run() throws IOException;
    }

    /** Adds an image or kernel. */
    Published add(Content content, Path files, Progress progress) throws IOException {
        Files.createDirectories(directory);
        return alone(() -> {
            Catalog before = current();
            DirectorySink sink = new DirectorySink(directory, true);
            ExportWriter.Written written = ExportWriter.write(content, files, sink, progress);
            sink.blob(written.digest(), ByteBuffer.wrap(written.json()));
            sink.sync();
            Catalog after = before.with(Catalog.entry(content, written));
            publish(after);
            return new Published(written, after.serial());
        });
    }

    /**
     * Takes something out. With {@code prune} what no entry needs any more is deleted, after the new catalog is there; what every entry
     * needs is found out before anything changes.
     */
    Removed remove(Content.Kind kind, String name, boolean prune) throws IOException {
        if (!Files.exists(directory.resolve(Blobs.CATALOG))) {
            throw BangerException.notFound("there is no catalog in " + directory);
        }
        return alone(() -> {
            Catalog before = current();
            Catalog after = before.without(kind, name);
            if (after.entries().size() == before.entries().size()) {
                throw BangerException.notFound("the catalog in " + directory + " has no " + kind + " \"" + name + "\"");
            }
            Set<String> needed = prune ? needed(after) : Set.of();
            publish(after);
            return new Removed(after, prune ? deleteAllBut(needed) : 0);
        });
    }

    /** One publisher at a time. */
    private <T> T alone(Work<T> work) throws IOException {
        try (FileChannel file =
                        FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = lock(file)) {
            if (lock == null) {
                throw busy();
            }
            return work.run();
        } catch (OverlappingFileLockException e) {
            throw busy();
        }
    }

    private void publish(Catalog catalog) throws IOException {
        PublishedFile.publish(directory.resolve(Blobs.CATALOG), unfinished -> {
            Files.write(unfinished, catalog.signed(key));
            Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rw-r--r--"));
        });
    }

    private Set<String> needed(Catalog catalog) throws IOException {
        Set<String> needed = new HashSet<>();
        try (Blobs blobs = new DirectoryBlobs(directory)) {
            for (Catalog.Entry entry : catalog.entries()) {
                String manifest = Hex256.checked(entry.manifest());
                needed.add(manifest);
                needed.addAll(Manifest.parts(blobs.verified(Blobs.DIRECTORY + manifest, manifest, Manifest.BYTES)));
            }
        } catch (BadExport e) {
            throw new BangerException(
                    ErrorCode.DATA_CORRUPT,
                    "what the catalog in " + directory + " needs cannot be found out, so nothing was changed: "
                            + e.getMessage() + "; unpublish without pruning, or publish again what is damaged",
                    e);
        }
        return needed;
    }

    private long deleteAllBut(Set<String> needed) throws IOException {
        long bytes = 0;
        try (DirectoryStream<Path> blobs = Files.newDirectoryStream(directory.resolve(Blobs.DIRECTORY))) {
            for (Path blob : blobs) {
                String name = String.valueOf(blob.getFileName());
                if (Hex256.isOne(name) && !needed.contains(name)) {
                    bytes += Files.size(blob);
                    Files.delete(blob);
                }
            }
        }
        return bytes;
    }

    private static @Nullable FileLock lock(FileChannel file) throws IOException {
        return file.tryLock();
    }

    private BangerException busy() {
        return new BangerException(
                ErrorCode.WRONG_STATE, "something is being published in " + directory + "; try again");
    }

    /** Of another's catalog nothing is taken over, nor is it replaced. */
    private Catalog current() throws IOException {
        if (!Files.exists(directory.resolve(Blobs.CATALOG))) {
            return Catalog.empty();
        }
        try (Blobs blobs = new DirectoryBlobs(directory)) {
            return Catalog.verified(blobs.document(Blobs.CATALOG, Catalog.BYTES), key.publicKey());
        } catch (BadExport e) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE,
                    "the catalog in " + directory + " cannot be changed: " + e.getMessage()
                            + "; use the key that it was signed with, or another directory",
                    e);
        }
    }
}
