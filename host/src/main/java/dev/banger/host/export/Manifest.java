package dev.banger.host.export;

import dev.banger.api.ImageProgram;
import dev.banger.export.Content;
import dev.banger.export.Content.Kind;
import dev.banger.host.http.JsonDepth;
import dev.banger.host.http.Neutral;
import io.avaje.jsonb.Json;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code export.json}: what an export has. A file's content is in chunks, each a part of it at a multiple of {@link #CHUNK} as one frame of
 * zstd; where there is no chunk the file is zero. docs/exports.md has the format.
 *
 * @param architecture what it is for, in Go's words: {@code amd64}
 */
@Json
record Manifest(
        int version,
        @Nullable String kind,
        @Nullable String name,
        @Nullable String architecture,
        @Nullable String digest,
        @Nullable String source,
        @Nullable String release,
        boolean hasInit,
        long virtualBytes,
        long dataBytes,
        @Nullable ImageProgram program,
        @Nullable Instant createdAt,
        List<Entry> files) {
    static final int VERSION = 1;
    /** Two windows of zstd's usual level: smaller ones compress worse, and each thread has one in memory, twice. */
    static final int CHUNK = 4 << 20;
    /** No manifest is longer: that of an image with 500 GiB in it. */
    static final int BYTES = 16 << 20;

    private static final int DEPTH = 8;
    private static final int SOURCE_CHARS = 500;
    private static final int PROGRAM_CHARS = 128 * 1024;
    private static final long LARGEST_FILE = 16L << 40;
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}");
    private static final Pattern PATH =
            Pattern.compile("rootfs|vmlinux|vmlinuz|modules\\.squashfs|initrd|boot/[A-Za-z0-9][A-Za-z0-9._+-]{0,127}");
    private static final JsonType<Manifest> TYPE =
            Jsonb.builder().failOnUnknown(false).build().type(Manifest.class);

    /** A file; {@code bytes} is its length. */
    @Json
    record Entry(@Nullable String path, long bytes, List<Chunk> chunks) {
        Entry {
            chunks = chunks == null ? List.of() : List.copyOf(chunks);
        }

        String checkedPath() {
            return Objects.requireNonNull(path);
        }
    }

    /**
     * A part of a file.
     *
     * @param at where it begins
     * @param bytes its length
     * @param digest SHA-256 of it, compressed: {@code blobs/DIGEST}
     * @param size its length, compressed
     */
    @Json
    record Chunk(long at, int bytes, @Nullable String digest, int size) {}

    Manifest {
        files = files == null ? List.of() : List.copyOf(files);
    }

    static Manifest of(Content content, List<Entry> files) {
        return new Manifest(
                VERSION,
                content.kind().toString(),
                content.name(),
                hosts(),
                content.digest(),
                Neutral.text(content.source()),
                content.release(),
                content.hasInit(),
                content.virtualBytes(),
                content.dataBytes(),
                content.program(),
                Instant.now(),
                files);
    }

    /** Of bytes that nobody has vouched for; every value of it is one that it may have. */
    static Manifest parse(byte[] json, Kind wanted) {
        Manifest manifest = parse(json);
        manifest.check(wanted);
        return manifest;
    }

    /** The parts of any export, whatever it is and for whatever host; nothing else of it is looked at. */
    static List<String> parts(byte[] json) {
        return parse(json).chunks().stream()
                .map(chunk -> Hex256.checked(chunk.digest()))
                .toList();
    }

    private static Manifest parse(byte[] json) {
        if (!JsonDepth.exceeds(json, DEPTH)) {
            try {
                Manifest manifest = TYPE.fromJson(new String(json, StandardCharsets.UTF_8));
                if (manifest != null) {
                    return manifest;
                }
            } catch (RuntimeException e) { // the parser throws what it likes on garbage
                throw new BadExport("a manifest that cannot be read");
            }
        }
        throw new BadExport("a manifest that cannot be read");
    }

    byte[] json() {
        return TYPE.toJson(this).getBytes(StandardCharsets.UTF_8);
    }

    Content content() {
        return new Content(
                Kind.valueOf(String.valueOf(kind).toUpperCase(Locale.ROOT)),
                String.valueOf(name),
                String.valueOf(digest),
                String.valueOf(source),
                release == null ? "" : release,
                hasInit,
                virtualBytes,
                dataBytes,
                program == null ? ImageProgram.NONE : program);
    }

    List<Chunk> chunks() {
        return files.stream().flatMap(file -> file.chunks().stream()).toList();
    }

    /** Go's name for this host's architecture, as images have it. */
    static String hosts() {
        String name = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        return switch (name) {
            case "x86_64" -> "amd64";
            case "aarch64" -> "arm64";
            default -> name;
        };
    }

    private void check(Kind wanted) {
        if (version != VERSION) {
            throw new BadExport("a manifest of version " + version + "; this banger knows version " + VERSION);
        }
        if (!wanted.toString().equals(kind)) {
            throw new BadExport(
                    "no " + wanted + (kind != null && WORD.matcher(kind).matches() ? ", but a " + kind : ""));
        }
        if (!hosts().equals(architecture)) {
            throw new BadExport("a " + wanted + " for another architecture than " + hosts());
        }
        Hex256.checked(digest);
        String text = String.valueOf(source);
        boolean fits = text.length() <= SOURCE_CHARS
                && text.chars().noneMatch(Character::isISOControl)
                && (release == null
                        || release.isEmpty()
                        || WORD.matcher(release).matches())
                && virtualBytes >= 0
                && dataBytes >= 0
                && String.valueOf(program).length() <= PROGRAM_CHARS
                && String.valueOf(program).indexOf(0) < 0;
        if (!fits) {
            throw new BadExport("a manifest with values that it cannot have");
        }
        checkFiles(wanted);
    }

    private void checkFiles(Kind wanted) {
        Set<String> paths = new HashSet<>();
        for (Entry file : files) {
            if (file.path() == null || !PATH.matcher(file.path()).matches() || !paths.add(file.path())) {
                throw new BadExport("a file that does not belong into an export");
            }
            if (file.bytes() < 0 || file.bytes() > LARGEST_FILE) {
                throw new BadExport("a file of " + file.bytes() + " bytes");
            }
            checkChunks(file);
        }
        boolean whole = wanted == Kind.IMAGE
                ? paths.equals(Set.of("rootfs")) && files.getFirst().bytes() == virtualBytes
                : paths.containsAll(Set.of("vmlinux", "modules.squashfs")) && !paths.contains("rootfs");
        if (!whole) {
            throw new BadExport("other files than " + (wanted == Kind.IMAGE ? "an image" : "a kernel") + " has");
        }
    }

    private static void checkChunks(Entry file) {
        long end = 0;
        for (Chunk chunk : file.chunks()) {
            Hex256.checked(chunk.digest());
            boolean fits = chunk.at() >= end
                    && chunk.at() % CHUNK == 0
                    && chunk.bytes() > 0
                    && chunk.bytes() <= CHUNK
                    && chunk.at() <= file.bytes() - chunk.bytes()
                    && chunk.size() > 0
                    && chunk.size() <= Zstandard.LARGEST;
            if (!fits) {
                throw new BadExport("a part that does not fit its file");
            }
            end = chunk.at() + chunk.bytes();
        }
    }
}
