package dev.banger.host.export;

import dev.banger.api.BangerException;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ExportInfo;
import dev.banger.api.ExportRequest;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishRequest;
import dev.banger.api.UnpublishInfo;
import dev.banger.api.UnpublishRequest;
import dev.banger.export.Content;
import dev.banger.export.Exports;
import dev.banger.host.http.HttpFetch;
import dev.banger.host.linux.DiskFailure;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Exports in directories and files of this host and on web servers. */
public final class HostExports implements Exports {
    private static final Pattern PINNED = Pattern.compile("(.*)@sha256:([0-9a-f]{64})");

    private final Catalogs catalogs;
    private final Locations locations;
    private final Path seen;

    /**
     * @param catalogs those that are configured, {@code LOCATION#KEY}
     * @param seen directory to remember in what was seen of each
     */
    public HostExports(List<String> catalogs, Path seen, Map<String, String> environment) {
        this(catalogs, seen, new Locations(Map.copyOf(environment), HttpFetch.Patience.USUAL));
    }

    HostExports(List<String> catalogs, Path seen, Locations locations) {
        this.locations = locations;
        this.seen = seen;
        this.catalogs = new Catalogs(catalogs, seen, locations);
    }

    @Override
    public ExportInfo export(Content content, Path directory, ExportRequest request, Progress progress) {
        Path target = absolute(request.path());
        ExportTarget to = target.toString().endsWith(Locations.FILE)
                ? new FileTarget(target, request.replace())
                : new DirectoryTarget(target, request.replace());
        return info(content, target, to.write(sink -> ExportWriter.write(content, directory, sink, progress)));
    }

    @Override
    public PublishInfo publish(Content content, Path directory, PublishRequest request, Progress progress) {
        Path target = absolute(request.directory());
        Path file = absolute(request.key());
        SigningKey key = request.newKey() && Files.notExists(file) ? SigningKey.create(file) : SigningKey.read(file);
        try {
            CatalogDirectory.Published published = new CatalogDirectory(target, key).add(content, directory, progress);
            return new PublishInfo(
                    target + "#" + key.publicKey().text(),
                    published.serial(),
                    info(content, target, published.written()));
        } catch (IOException e) {
            throw DiskFailure.of("cannot publish in " + target, target, e);
        }
    }

    @Override
    public UnpublishInfo unpublish(UnpublishRequest request) {
        Path target = absolute(request.directory());
        SigningKey key = SigningKey.read(absolute(request.key()));
        Content.Kind kind = Arrays.stream(Content.Kind.values())
                .filter(each -> each.toString().equals(request.kind()))
                .findFirst()
                .orElseThrow(() -> BangerException.invalid("\"" + request.kind() + "\" is neither image nor kernel"));
        try {
            CatalogDirectory.Removed removed =
                    new CatalogDirectory(target, key).remove(kind, request.name(), request.prune());
            return new UnpublishInfo(
                    target + "#" + key.publicKey().text(),
                    removed.catalog().serial(),
                    removed.catalog().entries().size(),
                    removed.prunedBytes());
        } catch (IOException e) {
            throw DiskFailure.of("cannot take anything out of the catalog in " + target, target, e);
        }
    }

    private static ExportInfo info(Content content, Path target, ExportWriter.Written written) {
        return new ExportInfo(
                content.kind().toString(),
                content.name(),
                target.toString(),
                written.digest(),
                written.bytes(),
                content.dataBytes(),
                written.files());
    }

    private static Path absolute(String path) {
        if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
            throw BangerException.invalid("\"" + path + "\" is no path from the root on");
        }
        return Path.of(path).normalize();
    }

    @Override
    public boolean isReference(String reference) {
        return reference.startsWith("/") || Locations.isWeb(reference);
    }

    @Override
    public String name(String reference) {
        Matcher pinned = PINNED.matcher(reference);
        String location = (pinned.matches() ? pinned.group(1) : reference).replaceAll("/+$", "");
        String last = location.substring(location.lastIndexOf('/') + 1).replaceFirst("\\.tar$", "");
        String name = last.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]", "-");
        name = name.substring(0, Math.min(63, name.length()));
        return name.replaceAll("^[^a-z0-9]+|[^a-z0-9]+$", "").replaceAll("\\.\\.+", ".");
    }

    @Override
    public Content fetch(Content.Kind kind, String reference, Path staging, Progress progress) {
        Matcher pinned = PINNED.matcher(reference);
        boolean isPinned = pinned.matches();
        String location = isPinned ? pinned.group(1) : reference;
        if (Locations.isWeb(location) && !isPinned) {
            throw BangerException.invalid("say which export at " + location + " you mean: " + location
                    + "@sha256:DIGEST, as image export printed it; nobody else vouches for what a web server has");
        }
        progress.stage("looking at " + location);
        return locations.read(location, location, staging, progress, blobs -> {
            byte[] manifest = isPinned
                    ? blobs.verified(Blobs.MANIFEST, pinned.group(2), Manifest.BYTES)
                    : blobs.document(Blobs.MANIFEST, Manifest.BYTES);
            return ExportReader.read(Manifest.parse(manifest, kind), blobs, staging, progress);
        });
    }

    @Override
    public Content fetch(CatalogEntry entry, Path staging, Progress progress) {
        Content.Kind kind = Content.Kind.valueOf(entry.kind().toUpperCase(Locale.ROOT));
        String location = Catalogs.Source.parse(entry.catalog()).location();
        String where = entry.kind() + " " + entry.name() + " of the catalog " + location;
        progress.stage("looking at " + where);
        return locations.read(location, where, staging, progress, blobs -> {
            byte[] json = blobs.verified(Blobs.DIRECTORY + entry.manifest(), entry.manifest(), Manifest.BYTES);
            Manifest manifest = Manifest.parse(json, kind);
            if (!entry.digest().equals(manifest.digest())) {
                throw new BadExport("its manifest is that of another one");
            }
            return ExportReader.read(manifest, blobs, staging, progress);
        });
    }

    @Override
    public boolean hasCatalogs() {
        return catalogs.areConfigured();
    }

    @Override
    public Optional<CatalogEntry> find(Content.Kind kind, String name, @Nullable String catalog) {
        return catalogs.entries(catalog)
                .filter(entry -> entry.kind().equals(kind.toString())
                        && entry.name().equals(name)
                        && entry.architecture().equals(Manifest.hosts()))
                .findFirst();
    }

    @Override
    public List<CatalogEntry> available(@Nullable String catalog) {
        return catalogs.entries(catalog).toList();
    }
}
