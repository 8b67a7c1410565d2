package dev.banger.host.export;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.http.HttpFetch;
import dev.banger.host.linux.DiskFailure;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Opens what exports and catalogs lie in, and says of a failure where that was. Thread-safe. */
record Locations(Map<String, String> environment, HttpFetch.Patience patience) {
    /** The end of the name of an export that is one file. */
    static final String FILE = ".tar";

    /** Work with an opened location. */
    interface Reading<T> {
        T from(Blobs blobs) throws IOException;
    }

    static boolean isWeb(String location) {
        return location.startsWith("https://") || location.startsWith("http://");
    }

    /** {@code where}: what the user called it; {@code into}: where what is read is written to. */
    <T> T read(String location, String where, Path into, Progress progress, Reading<T> reading) {
        try (Blobs blobs = open(location, into, progress)) {
            return reading.from(blobs);
        } catch (BadExport e) {
            throw new BangerException(ErrorCode.DATA_CORRUPT, where + " cannot be used: " + e.getMessage(), e);
        } catch (IOException e) {
            String reason = String.valueOf(e.getMessage());
            if (isWeb(location) && !reason.contains("No space left")) {
                throw new BangerException(ErrorCode.REGISTRY_FAILED, "cannot fetch " + where + ": " + reason, e);
            }
            throw DiskFailure.of("cannot unpack " + where, into, e);
        }
    }

    private Blobs open(String location, Path into, Progress progress) throws IOException {
        if (isWeb(location)) {
            return location.endsWith(FILE)
                    ? WebBlobs.file(location, into, progress, environment, patience)
                    : WebBlobs.directory(location, environment, patience);
        }
        Path path = Path.of(location);
        if (Files.isDirectory(path)) {
            return new DirectoryBlobs(path);
        }
        if (!Files.isRegularFile(path)) {
            throw BangerException.notFound("there is no " + path);
        }
        if (!Files.isReadable(path)) {
            throw new AccessDeniedException(path.toString());
        }
        return TarBlobs.open(path);
    }
}
