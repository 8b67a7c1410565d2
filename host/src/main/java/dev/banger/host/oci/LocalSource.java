package dev.banger.host.oci;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.http.Neutral;
import dev.banger.host.oci.Documents.Config;
import dev.banger.host.oci.Documents.Descriptor;
import dev.banger.host.oci.Documents.Manifest;
import dev.banger.host.oci.Documents.Platform;
import dev.banger.host.oci.Documents.Saved;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** An image in a file or directory of this host: an OCI layout, one in a tar, or what {@code docker save} writes. */
final class LocalSource implements ImageSource {
    private static final String TAG = "org.opencontainers.image.ref.name";

    private final Members members;
    private final Contents contents;
    /** The members that have the layers. */
    private final List<String> layers;

    private LocalSource(Members members, Contents contents, List<String> layers) {
        this.members = members;
        this.contents = contents;
        this.layers = layers;
    }

    static LocalSource open(Reference reference, Platform platform) throws IOException {
        Members members = reference.transport() == Reference.Transport.OCI
                ? Members.ofDirectory(reference.location())
                : Members.ofArchive(reference.location());
        try {
            return reference.transport() == Reference.Transport.DOCKER_ARCHIVE
                    ? saved(reference, members, platform)
                    : layout(reference, members, platform);
        } catch (IOException | RuntimeException e) {
            members.close();
            throw e;
        }
    }

    private static LocalSource layout(Reference reference, Members members, Platform platform) throws IOException {
        Manifest index = Documents.parse(Documents.MANIFEST, members.document("index.json"), "an index.json");
        List<Descriptor> wanted = index.manifests().stream()
                .filter(each -> reference.tag().isEmpty()
                        || reference.tag().equals(each.annotations().get(TAG)))
                .toList();
        if (wanted.size() != 1) {
            throw ambiguous(
                    reference,
                    wanted.size(),
                    index.manifests().stream()
                            .map(each -> each.annotations().get(TAG))
                            .toList());
        }
        Descriptor first = wanted.getFirst();
        Contents.Reader reader = (digest, manifest) -> members.document(member(digest));
        Contents contents = Contents.of(first.checkedDigest(), reader.checked(first, true), platform, reader);
        return new LocalSource(
                members,
                contents,
                contents.layers().stream().map(layer -> member(layer.blob())).toList());
    }

    private static String member(Digest digest) {
        return "blobs/sha256/" + digest.hex();
    }

    private static LocalSource saved(Reference reference, Members members, Platform platform) throws IOException {
        List<Saved> all = Documents.parse(Documents.SAVED, members.document("manifest.json"), "a manifest.json");
        List<Saved> wanted = all.stream()
                .filter(each -> reference.tag().isEmpty()
                        || each.repoTags().stream().anyMatch(tag -> tag.endsWith(":" + reference.tag())))
                .toList();
        if (wanted.size() != 1) {
            throw ambiguous(
                    reference,
                    wanted.size(),
                    all.stream().flatMap(each -> each.repoTags().stream()).toList());
        }
        Saved image = wanted.getFirst();
        byte[] document = members.document(String.valueOf(image.config()));
        Config config = Documents.parse(Documents.CONFIG, document, "a configuration");
        List<Digest> diffs = Contents.diffs(config, platform);
        if (diffs.size() != image.layers().size()) {
            throw new BadArchive(
                    "a manifest with " + image.layers().size() + " layers for a configuration with " + diffs.size());
        }
        List<Contents.Layer> layers = new ArrayList<>();
        for (int index = 0; index < diffs.size(); index++) {
            long bytes = members.bytes(image.layers().get(index));
            layers.add(new Contents.Layer(diffs.get(index), bytes, diffs.get(index)));
        }
        return new LocalSource(members, new Contents(Digest.of(document), config, layers), image.layers());
    }

    private static BangerException ambiguous(Reference reference, int found, List<String> there) {
        return new BangerException(
                found == 0 ? ErrorCode.NOT_FOUND : ErrorCode.AMBIGUOUS,
                (found == 0 ? "there is no such image in " : "there is more than one image in ") + reference.location()
                        + "; it has "
                        + Neutral.text(String.join(
                                ", ", there.stream().map(String::valueOf).toList()))
                        + "; write " + reference + ":TAG");
    }

    @Override
    public Contents contents() {
        return contents;
    }

    @Override
    public InputStream layer(int index) throws IOException {
        Contents.Layer layer = contents.layers().get(index);
        String member = layers.get(index);
        // The blob of a saved image has no digest of its own, its tar has.
        if (!layer.blob().equals(layer.diff())) {
            try (InputStream blob = members.open(member)) {
                layer.blob().check(Digest.of(blob), "a layer");
            }
        }
        if (members.bytes(member) != layer.bytes()) {
            throw new BadArchive("a layer of another size than the manifest says");
        }
        return members.open(member);
    }

    @Override
    public void close() {
        members.close();
    }
}
