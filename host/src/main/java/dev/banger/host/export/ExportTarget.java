package dev.banger.host.export;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Path;

/** What an export becomes: it appears whole, or not at all. */
interface ExportTarget {
    /** Writes the blobs of an export. */
    interface Writing {
        ExportWriter.Written to(Sink sink) throws IOException;
    }

    ExportWriter.Written write(Writing writing);

    static BangerException taken(Path path) {
        return new BangerException(
                ErrorCode.ALREADY_EXISTS, "there is something at " + path + "; --replace replaces an export");
    }
}
