package dev.banger.host.export;

import dev.banger.api.BangerException;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.PublishedFile;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads catalogs. What was seen of each is remembered, so that nobody passes off an old one, which its key has signed as well, as the
 * current one. Thread-safe.
 */
final class Catalogs {
    private static final Pattern SEEN = Pattern.compile("([0-9]{1,18}) ([0-9a-f]{64})\n?");

    private final List<Source> configured;
    private final Path seen;
    private final Locations locations;

    /** {@code seen}: the directory of what was seen. */
    Catalogs(List<String> configured, Path seen, Locations locations) {
        this.configured = configured.stream().map(Source::parse).toList();
        this.seen = seen;
        this.locations = locations;
    }

    /** A catalog as it is configured: {@code LOCATION#KEY}. */
    record Source(String text, String location, CatalogKey key) {
        static Source parse(String text) {
            int hash = text.lastIndexOf('#');
            String location = text.substring(0, Math.max(0, hash));
            if (hash < 0 || !(location.startsWith("/") || Locations.isWeb(location))) {
                throw BangerException.invalid(
                        "a catalog is LOCATION#KEY, a directory or an https address and the key that"
                                + " signs it, as image publish prints them; not \"" + text + "\"");
            }
            if (Locations.isWeb(location)) {
                WebBlobs.checked(location);
            }
            return new Source(text, location, CatalogKey.parse(text.substring(hash + 1)));
        }
    }

    boolean areConfigured() {
        return !configured.isEmpty();
    }

    /** All entries, in the order of the catalogs; {@code only}: of that one. */
    Stream<CatalogEntry> entries(@Nullable String only) {
        List<Source> sources = only == null ? configured : List.of(Source.parse(only));
        return sources.stream()
                .flatMap(source -> read(source).entries().stream().map(entry -> entry.in(source.text())));
    }

    private Catalog read(Source source) {
        return locations.read(source.location(), "the catalog " + source.location(), seen, Progress.none(), blobs -> {
            byte[] envelope = blobs.document(Blobs.CATALOG, Catalog.BYTES);
            Catalog catalog = Catalog.verified(envelope, source.key());
            remember(source, catalog, Hex256.of(envelope));
            return catalog;
        });
    }

    private synchronized void remember(Source source, Catalog catalog, String digest) throws IOException {
        Path file = seen.resolve(Hex256.of(source.text().getBytes(StandardCharsets.UTF_8)));
        long before = 0;
        String then = digest;
        if (Files.exists(file)) {
            Matcher matcher = SEEN.matcher(Files.readString(file));
            if (!matcher.matches()) {
                throw new BangerException(
                        ErrorCode.DATA_CORRUPT,
                        file + " is damaged, which has what was last seen of the catalog " + source.location()
                                + "; delete it if you trust that the catalog is the current one");
            }
            before = Long.parseLong(matcher.group(1));
            then = matcher.group(2);
        }
        if (catalog.serial() < before || catalog.serial() == before && !digest.equals(then)) {
            throw new BadExport(
                    "it has gone back: its serial is " + catalog.serial() + ", and that of another one seen before is "
                            + before + ". Somebody may be passing off an old one; if it was made anew, delete " + file);
        }
        if (catalog.serial() > before) {
            PublishedFile.publish(
                    file, unfinished -> Files.writeString(unfinished, catalog.serial() + " " + digest + "\n"));
        }
    }
}
