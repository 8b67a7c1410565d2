package dev.banger.testkit;

import dev.banger.api.BangerException;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ExportInfo;
import dev.banger.api.ExportRequest;
import dev.banger.api.ImageProgram;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishRequest;
import dev.banger.api.UnpublishInfo;
import dev.banger.api.UnpublishRequest;
import dev.banger.export.Content;
import dev.banger.export.Exports;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Exports and one catalog in memory. Without an entry there is no catalog. Thread-safe. */
public final class FakeExports implements Exports {
    private final List<CatalogEntry> entries = new CopyOnWriteArrayList<>();
    private final List<String> fetched = new CopyOnWriteArrayList<>();
    private volatile Optional<BangerException> failure = Optional.empty();

    /** Puts something into the catalog. */
    public void offer(Content.Kind kind, String name) {
        entries.add(new CatalogEntry(
                "/catalog", kind.toString(), name, "amd64", "manifest", "digest", "offered", 1, 1, 1, Instant.EPOCH));
    }

    /** Lets the catalog fail. */
    public void failing(BangerException failure) {
        this.failure = Optional.of(failure);
    }

    /** References, and names in the catalog, in the order they were fetched. */
    public List<String> fetched() {
        return fetched;
    }

    @Override
    public ExportInfo export(Content content, Path directory, ExportRequest request, Progress progress) {
        return new ExportInfo(content.kind().toString(), content.name(), request.path(), content.digest(), 1, 1, 1);
    }

    @Override
    public PublishInfo publish(Content content, Path directory, PublishRequest request, Progress progress) {
        offer(content.kind(), content.name());
        ExportRequest export = new ExportRequest(request.directory(), false);
        return new PublishInfo(
                request.directory() + "#key", entries.size(), export(content, directory, export, progress));
    }

    @Override
    public UnpublishInfo unpublish(UnpublishRequest request) {
        entries.removeIf(
                entry -> entry.kind().equals(request.kind()) && entry.name().equals(request.name()));
        return new UnpublishInfo(request.directory() + "#key", entries.size(), entries.size(), 0);
    }

    @Override
    public boolean isReference(String reference) {
        return reference.startsWith("/");
    }

    @Override
    public String name(String reference) {
        return reference.substring(reference.lastIndexOf('/') + 1);
    }

    @Override
    public Content fetch(Content.Kind kind, String reference, Path staging, Progress progress) {
        fetched.add(reference);
        return new Content(kind, name(reference), "digest", "an export", "6.1.0", true, 1024, 1, ImageProgram.NONE);
    }

    @Override
    public Content fetch(CatalogEntry entry, Path staging, Progress progress) {
        return fetch(Content.Kind.valueOf(entry.kind().toUpperCase(Locale.ROOT)), entry.name(), staging, progress);
    }

    @Override
    public boolean hasCatalogs() {
        return !entries.isEmpty() || failure.isPresent();
    }

    @Override
    public Optional<CatalogEntry> find(Content.Kind kind, String name, @Nullable String catalog) {
        return available(catalog).stream()
                .filter(entry ->
                        entry.kind().equals(kind.toString()) && entry.name().equals(name))
                .findFirst();
    }

    @Override
    public List<CatalogEntry> available(@Nullable String catalog) {
        failure.ifPresent(e -> {
            throw e;
        });
        return entries;
    }
}
