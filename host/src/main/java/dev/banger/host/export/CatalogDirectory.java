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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
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

    /** Adds an image or kernel. One publisher at a time. */
    Published add(Content content, Path files, Progress progress) throws IOException {
        Files.createDirectories(directory);
        try (FileChannel file =
                        FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = lock(file)) {
            if (lock == null) {
                throw busy();
            }
            Catalog before = current();
            DirectorySink sink = new DirectorySink(directory, true);
            ExportWriter.Written written = ExportWriter.write(content, files, sink, progress);
            sink.blob(written.digest(), ByteBuffer.wrap(written.json()));
            sink.sync();
            Catalog after = before.with(Catalog.entry(content, written));
            PublishedFile.publish(directory.resolve(Blobs.CATALOG), unfinished -> {
                Files.write(unfinished, after.signed(key));
                Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rw-r--r--"));
            });
            return new Published(written, after.serial());
        } catch (OverlappingFileLockException e) {
            throw busy();
        }
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
                    "the catalog in " + directory + " cannot be added to: " + e.getMessage()
                            + "; use the key that it was signed with, or another directory",
                    e);
        }
    }
}
