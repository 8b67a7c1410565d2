package dev.banger.host.export;

import dev.banger.api.CatalogEntry;
import dev.banger.export.Content;
import dev.banger.host.http.JsonDepth;
import dev.banger.host.http.Neutral;
import io.avaje.jsonb.Json;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a catalog lists; in {@code catalog.json} it is the payload of a signed envelope (DSSE 1.0).
 *
 * @param serial one more than that of the catalog it replaces
 */
@Json
record Catalog(int version, long serial, @Nullable Instant updatedAt, List<Entry> entries) {
    static final int VERSION = 1;
    static final int BYTES = 8 << 20;

    private static final int DEPTH = 8;
    private static final int MOST_SIGNATURES = 16;
    private static final String TYPE = "application/vnd.banger.catalog+json";
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?");
    private static final Pattern KIND = Pattern.compile("[a-z]{1,16}");
    private static final Pattern ARCHITECTURE = Pattern.compile("[a-z0-9_]{1,32}");
    private static final int SOURCE_CHARS = 500;
    private static final Jsonb JSONB = Jsonb.builder().failOnUnknown(false).build();
    private static final JsonType<Catalog> CATALOG = JSONB.type(Catalog.class);
    private static final JsonType<Envelope> ENVELOPE = JSONB.type(Envelope.class);

    /** As {@link CatalogEntry}, which a catalog can be told from its place. */
    @Json
    record Entry(
            @Nullable String kind,
            @Nullable String name,
            @Nullable String architecture,
            @Nullable String manifest,
            @Nullable String digest,
            @Nullable String source,
            long bytes,
            long dataBytes,
            long virtualBytes,
            @Nullable Instant publishedAt) {
        boolean is(Entry other) {
            return String.valueOf(kind).equals(other.kind())
                    && String.valueOf(name).equals(other.name())
                    && String.valueOf(architecture).equals(other.architecture());
        }

        CatalogEntry in(String catalog) {
            return new CatalogEntry(
                    catalog,
                    String.valueOf(kind),
                    String.valueOf(name),
                    String.valueOf(architecture),
                    String.valueOf(manifest),
                    String.valueOf(digest),
                    String.valueOf(source),
                    bytes,
                    dataBytes,
                    virtualBytes,
                    publishedAt == null ? Instant.EPOCH : publishedAt);
        }

        private boolean isRight() {
            return KIND.matcher(String.valueOf(kind)).matches()
                    && NAME.matcher(String.valueOf(name)).matches()
                    && ARCHITECTURE.matcher(String.valueOf(architecture)).matches()
                    && Hex256.isOne(manifest)
                    && Hex256.isOne(digest)
                    && String.valueOf(source).length() <= SOURCE_CHARS
                    && String.valueOf(source).chars().noneMatch(Character::isISOControl)
                    && bytes >= 0
                    && dataBytes >= 0
                    && virtualBytes >= 0;
        }
    }

    @Json
    record Envelope(@Nullable String payloadType, @Nullable String payload, List<Mark> signatures) {
        Envelope {
            signatures = signatures == null ? List.of() : List.copyOf(signatures);
        }
    }

    /** A signature; {@code keyid} is a hint and decides nothing. */
    @Json
    record Mark(@Nullable String keyid, @Nullable String sig) {}

    Catalog {
        entries = entries == null ? List.of() : List.copyOf(entries);
    }

    /** One that has not been published yet. */
    static Catalog empty() {
        return new Catalog(VERSION, 0, Instant.EPOCH, List.of());
    }

    static Entry entry(Content content, ExportWriter.Written written) {
        return new Entry(
                content.kind().toString(),
                content.name(),
                Manifest.hosts(),
                written.digest(),
                content.digest(),
                Neutral.text(content.source()),
                written.bytes(),
                content.dataBytes(),
                content.virtualBytes(),
                Instant.now());
    }

    /** With an entry, in place of one of that kind, name and architecture. */
    Catalog with(Entry entry) {
        List<Entry> all =
                new ArrayList<>(entries.stream().filter(each -> !each.is(entry)).toList());
        all.add(entry);
        return new Catalog(VERSION, serial + 1, Instant.now(), all);
    }

    /** Without what has that kind and name, of any architecture. */
    Catalog without(Content.Kind kind, String name) {
        List<Entry> rest = entries.stream()
                .filter(each -> !kind.toString().equals(each.kind()) || !name.equals(each.name()))
                .toList();
        return new Catalog(VERSION, serial + 1, Instant.now(), rest);
    }

    byte[] signed(SigningKey key) {
        byte[] payload = CATALOG.toJson(this).getBytes(StandardCharsets.UTF_8);
        Base64.Encoder base64 = Base64.getEncoder();
        String mark = base64.encodeToString(key.sign(authenticated(payload)));
        Envelope envelope = new Envelope(
                TYPE,
                base64.encodeToString(payload),
                List.of(new Mark(key.publicKey().text(), mark)));
        return ENVELOPE.toJson(envelope).getBytes(StandardCharsets.UTF_8);
    }

    /** What {@code key} has signed. Nothing is read of what it has not. */
    static Catalog verified(byte[] envelope, CatalogKey key) {
        Envelope read = parse(ENVELOPE, envelope);
        if (!TYPE.equals(read.payloadType()) || read.payload() == null) {
            throw new BadExport("it is no catalog");
        }
        if (read.signatures().isEmpty()) {
            throw new BadExport("it is not signed");
        }
        byte[] payload = base64(read.payload());
        byte[] message = authenticated(payload);
        boolean right = read.signatures().stream()
                .limit(MOST_SIGNATURES)
                .anyMatch(mark -> key.verifies(message, base64(String.valueOf(mark.sig()))));
        if (!right) {
            throw new BadExport("it is not signed with " + key.text());
        }
        Catalog catalog = parse(CATALOG, payload);
        if (catalog.version() != VERSION) {
            throw new BadExport("it is of version " + catalog.version() + "; this banger knows version " + VERSION);
        }
        if (catalog.serial() < 1 || !catalog.entries().stream().allMatch(Entry::isRight)) {
            throw new BadExport("it has values that a catalog cannot have");
        }
        return catalog;
    }

    private static <T> T parse(JsonType<T> type, byte[] json) {
        if (!JsonDepth.exceeds(json, DEPTH)) {
            try {
                T parsed = type.fromJson(new String(json, StandardCharsets.UTF_8));
                if (parsed != null) {
                    return parsed;
                }
            } catch (RuntimeException e) { // the parser throws what it likes on garbage
                throw new BadExport("it cannot be read");
            }
        }
        throw new BadExport("it cannot be read");
    }

    private static byte[] base64(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new BadExport("it cannot be read");
        }
    }

    /** DSSE's pre-authentication encoding: what is signed says of what type it is, and how long. */
    private static byte[] authenticated(byte[] payload) {
        byte[] head = ("DSSEv1 " + TYPE.length() + " " + TYPE + " " + payload.length + " ")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] all = new byte[head.length + payload.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(payload, 0, all, head.length, payload.length);
        return all;
    }
}
