package dev.banger.host.oci;

import dev.banger.host.http.Neutral;
import dev.banger.host.oci.Documents.Config;
import dev.banger.host.oci.Documents.Descriptor;
import dev.banger.host.oci.Documents.Manifest;
import dev.banger.host.oci.Documents.Platform;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What an image has: its configuration, and its layers from the lowest to the highest.
 *
 * @param digest of its manifest
 */
record Contents(Digest digest, Config config, List<Layer> layers) {
    /**
     * A layer.
     *
     * @param blob the digest of its blob, compressed or not
     * @param bytes of its blob
     * @param diff the digest of its tar
     */
    record Layer(Digest blob, long bytes, Digest diff) {}

    /** Where documents are read from. */
    @FunctionalInterface
    interface Reader {
        byte[] read(Digest digest, boolean manifest) throws IOException;

        /** The document with exactly that digest. */
        default byte[] checked(Descriptor descriptor, boolean manifest) throws IOException {
            Digest digest = descriptor.checkedDigest();
            byte[] bytes = read(digest, manifest);
            digest.check(Digest.of(bytes), "a document");
            return bytes;
        }
    }

    private static final int LAYERS = 256;
    private static final int NESTED = 3;
    private static final long BYTES = 128L << 30;
    private static final Set<String> LAYER_TYPES = Set.of(
            "",
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.diff.tar.zstd");

    /** Follows an index to the manifest for a platform, and that to its configuration. {@code document} has that digest. */
    static Contents of(Digest digest, byte[] document, Platform wanted, Reader reader) throws IOException {
        Digest at = digest;
        byte[] bytes = document;
        for (int depth = 0; depth <= NESTED; depth++) {
            Manifest manifest = Documents.parse(Documents.MANIFEST, bytes, "a manifest");
            if (manifest.config() != null) {
                return of(at, manifest, manifest.config(), wanted, reader);
            }
            Descriptor next = choose(manifest.manifests(), wanted);
            at = next.checkedDigest();
            bytes = reader.checked(next, true);
        }
        throw new BadArchive("an index within an index, again and again");
    }

    private static Contents of(Digest digest, Manifest manifest, Descriptor described, Platform wanted, Reader reader)
            throws IOException {
        Config config = Documents.parse(Documents.CONFIG, reader.checked(described, false), "a configuration");
        List<Digest> blobs =
                manifest.layers().stream().map(Descriptor::checkedDigest).toList();
        List<Digest> diffs = diffs(config, wanted);
        if (diffs.size() != blobs.size()) {
            throw new BadArchive(
                    "a manifest with " + blobs.size() + " layers for a configuration with " + diffs.size());
        }
        List<Layer> layers = new ArrayList<>();
        long bytes = 0;
        for (int index = 0; index < blobs.size(); index++) {
            Descriptor layer = manifest.layers().get(index);
            if (!LAYER_TYPES.contains(layer.type())) {
                throw new BadArchive("a layer of a kind that banger does not know");
            }
            if (layer.size() < 0 || layer.size() > BYTES - bytes) {
                throw new BadArchive("a layer of " + layer.size() + " bytes");
            }
            bytes += layer.size();
            layers.add(new Layer(blobs.get(index), layer.size(), diffs.get(index)));
        }
        return new Contents(digest, config, layers);
    }

    /** The digests of the layers' tars; fails unless the configuration is that of an image for the platform. */
    static List<Digest> diffs(Config config, Platform wanted) {
        if (config.rootfs() == null || config.rootfs().diffIds().isEmpty()) {
            throw new BadArchive("no image of a root file system");
        }
        if (config.rootfs().diffIds().size() > LAYERS) {
            throw new BadArchive("more than " + LAYERS + " layers");
        }
        Platform platform = new Platform(config.os(), config.architecture(), null);
        if (!new Platform(wanted.os(), wanted.architecture(), null).has(platform)) {
            throw new BadArchive("an image for " + Neutral.text(platform.toString()) + ", not for " + wanted);
        }
        return config.rootfs().diffIds().stream().map(Digest::parse).toList();
    }

    private static Descriptor choose(List<Descriptor> manifests, Platform wanted) {
        if (manifests.isEmpty()) {
            throw new BadArchive("a manifest of a kind that banger does not know");
        }
        Optional<Descriptor> chosen = manifests.stream()
                .filter(each -> each.platform() != null && wanted.has(each.platform()))
                .findFirst();
        if (chosen.isEmpty() && manifests.size() == 1 && manifests.getFirst().platform() == null) {
            return manifests.getFirst();
        }
        return chosen.orElseThrow(() -> new BadArchive("no image for " + wanted + ", but for "
                + manifests.stream()
                        .map(each -> Neutral.text(String.valueOf(each.platform())))
                        .limit(20)
                        .distinct()
                        .collect(Collectors.joining(", "))));
    }

    long bytes() {
        return layers.stream().mapToLong(Layer::bytes).sum();
    }
}
