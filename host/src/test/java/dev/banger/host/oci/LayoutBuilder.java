package dev.banger.host.oci;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/** An image's documents and layers, as a layout on disk or to be served. What is not said is as it has to be. */
final class LayoutBuilder {
    static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

    /** By digest. */
    final Map<String, byte[]> blobs = new LinkedHashMap<>();

    private final List<String> layers = new ArrayList<>();
    private final List<String> diffs = new ArrayList<>();
    private String run = "{}";
    private String architecture = "amd64";

    LayoutBuilder layer(byte[] tar) {
        return layer(gzip(tar), tar);
    }

    LayoutBuilder zstdLayer(byte[] tar) {
        return layer(Zstd.compress(tar), tar);
    }

    LayoutBuilder layer(byte[] blob, byte[] tar) {
        return layer(blob, digest(tar), blob.length, digest(blob));
    }

    LayoutBuilder layer(byte[] blob, String diff, long size, String digest) {
        blobs.put(digest, blob);
        layers.add(descriptor(LAYER, digest, size, ""));
        diffs.add("\"" + diff + "\"");
        return this;
    }

    LayoutBuilder run(String json) {
        run = json;
        return this;
    }

    LayoutBuilder architecture(String name) {
        architecture = name;
        return this;
    }

    String config() {
        return "{\"os\":\"linux\",\"architecture\":\"" + architecture + "\",\"config\":" + run
                + ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" + String.join(",", diffs) + "]}}";
    }

    String manifest() {
        return "{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST + "\",\"config\":"
                + put("application/vnd.oci.image.config.v1+json", config()) + ",\"layers\":["
                + String.join(",", layers) + "]}";
    }

    /** Keeps a document. @return its descriptor */
    String put(String type, String document) {
        byte[] bytes = document.getBytes(StandardCharsets.UTF_8);
        blobs.put(digest(bytes), bytes);
        return descriptor(type, digest(bytes), bytes.length, "");
    }

    static String descriptor(String type, String digest, long size, String more) {
        return "{\"mediaType\":\"" + type + "\",\"digest\":\"" + digest + "\",\"size\":" + size + more + "}";
    }

    static String index(String... descriptors) {
        return "{\"schemaVersion\":2,\"manifests\":[" + String.join(",", descriptors) + "]}";
    }

    /** @return what {@code image pull} takes */
    String writeTo(Path directory) throws IOException {
        return writeTo(directory, index(put(MANIFEST, manifest())));
    }

    String writeTo(Path directory, String index) throws IOException {
        Path blobDirectory = Files.createDirectories(directory.resolve("blobs/sha256"));
        for (Map.Entry<String, byte[]> blob : blobs.entrySet()) {
            Files.write(blobDirectory.resolve(blob.getKey().substring(7)), blob.getValue());
        }
        Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        Files.writeString(directory.resolve("index.json"), index);
        return "oci:" + directory;
    }

    /** As {@code docker save} writes it. */
    static byte[] dockerArchive(List<byte[]> layers, String... tags) {
        TarBytes tar = new TarBytes();
        LayoutBuilder documents = new LayoutBuilder();
        List<String> names = new ArrayList<>();
        for (byte[] layer : layers) {
            documents.layer(layer, layer);
            names.add("\"" + names.size() + "/layer.tar\"");
            tar.add(TarBytes.entry(names.size() - 1 + "/layer.tar", '0').data(layer));
        }
        tar.file("config.json", documents.config());
        String repositoryTags =
                List.of(tags).stream().map(tag -> "\"" + tag + "\"").collect(Collectors.joining(","));
        return tar.file(
                        "manifest.json",
                        "[{\"Config\":\"config.json\",\"RepoTags\":[" + repositoryTags + "],\"Layers\":["
                                + String.join(",", names) + "]}]")
                .done();
    }

    static String digest(byte[] bytes) {
        return Digest.of(bytes).toString();
    }

    static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new IllegalStateException("memory does not fail", e);
        }
        return out.toByteArray();
    }
}
