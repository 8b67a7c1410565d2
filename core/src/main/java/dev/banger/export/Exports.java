package dev.banger.export;

import dev.banger.api.CatalogEntry;
import dev.banger.api.ExportInfo;
import dev.banger.api.ExportRequest;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishRequest;
import dev.banger.api.UnpublishInfo;
import dev.banger.api.UnpublishRequest;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes exports and catalogs, and reads those of others, which are not trusted: what is fetched is what its digest says, and a catalog
 * what its key has signed. Thread-safe; long calls are interruptible, and leave nothing half-made.
 */
public interface Exports {
    /** Exports the files of a published {@code directory}. */
    ExportInfo export(Content content, Path directory, ExportRequest request, Progress progress);

    /** Exports into a catalog's directory and lists it there, in place of one of that kind and name. */
    PublishInfo publish(Content content, Path directory, PublishRequest request, Progress progress);

    /** Takes what has that kind and name out of a catalog, whatever its architecture. */
    UnpublishInfo unpublish(UnpublishRequest request);

    /** Whether that is where an export lies, a path or URL, and not a name. */
    boolean isReference(String reference);

    /** What such an export is called if nobody says otherwise. */
    String name(String reference);

    /** Unpacks an export into {@code staging}, as a published directory has its files. Of an image digest and data are those of what lies there. */
    Content fetch(Content.Kind kind, String reference, Path staging, Progress progress);

    /** Unpacks what a catalog has, the same way. */
    Content fetch(CatalogEntry entry, Path staging, Progress progress);

    /** Whether there are catalogs to look into. */
    boolean hasCatalogs();

    /**
     * Looks for one for this host, in the catalogs in their order.
     *
     * @param catalog the only one to look into, {@code LOCATION#KEY}; null: those that are configured
     */
    Optional<CatalogEntry> find(Content.Kind kind, String name, @Nullable String catalog);

    /** All that the catalogs have; {@code catalog} as for {@link #find}. */
    List<CatalogEntry> available(@Nullable String catalog);
}
