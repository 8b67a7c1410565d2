package dev.banger.host.store;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.config.Places;
import dev.banger.host.linux.SparseDigest;
import dev.banger.host.store.PublishedDirectories.Published;
import dev.banger.image.Image;
import dev.banger.image.ImageCatalog;
import dev.banger.image.RootfsBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Images as published directories. */
public final class PublishedImages implements ImageCatalog {
    private static final String ROOTFS = "rootfs";

    private final PublishedDirectories directories;

    public PublishedImages(Places places) {
        directories = new PublishedDirectories(places.images(), places.staging(), "image.json");
    }

    @Override
    public Optional<Image> find(String name) {
        return directories.find(name).map(PublishedImages::image);
    }

    @Override
    public Optional<Image> find(String name, String digest) {
        return directories.find(name, digest).map(PublishedImages::image);
    }

    @Override
    public List<Image> all() {
        return directories.named().stream().map(PublishedImages::image).toList();
    }

    @Override
    public List<Image> superseded() {
        return directories.superseded().stream().map(PublishedImages::image).toList();
    }

    @Override
    public Path stage() {
        return directories.stage();
    }

    @Override
    public Image publish(Path staging, String name, RootfsBuilder.Built built) {
        Path rootfs = staging.resolve(ROOTFS);
        try {
            Files.setPosixFilePermissions(rootfs, PosixFilePermissions.fromString("r--------"));
            RootfsBuilder.Measured measured = measure(rootfs, built);
            return image(directories.publish(
                    staging,
                    new PublishedFacts(
                            name,
                            measured.digest(),
                            built.source(),
                            "",
                            built.hasInit(),
                            built.virtualBytes(),
                            measured.dataBytes(),
                            Instant.now(),
                            built.program())));
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot publish image " + name + ": " + e, e);
        }
    }

    private static RootfsBuilder.Measured measure(Path rootfs, RootfsBuilder.Built built) throws IOException {
        RootfsBuilder.Measured known = built.measured();
        if (known != null) {
            return known;
        }
        SparseDigest.Digest digest = SparseDigest.of(rootfs);
        return new RootfsBuilder.Measured(digest.hex(), digest.dataBytes());
    }

    @Override
    public Image promote(Image image, String name) {
        Path staging = directories.stage();
        try {
            PublishedFacts facts = directories
                    .find(image.name(), image.digest())
                    .orElseThrow(() -> BangerException.notFound("the image " + image.name() + " has been deleted"))
                    .facts();
            Files.createLink(staging.resolve(ROOTFS), image.rootfs());
            return image(directories.publish(staging, facts.named(name)));
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "cannot make " + name + " of " + image.name() + ": " + e, e);
        } finally {
            directories.discard(staging);
        }
    }

    @Override
    public void discard(Path staging) {
        directories.discard(staging);
    }

    @Override
    public void delete(Image image) {
        directories.find(image.name(), image.digest()).ifPresent(directories::delete);
    }

    private static Image image(Published published) {
        PublishedFacts facts = published.facts();
        return new Image(
                facts.name(),
                facts.digest(),
                facts.source(),
                facts.hasInit(),
                facts.virtualBytes(),
                facts.dataBytes(),
                facts.createdAt(),
                published.directory(),
                published.directory().resolve(ROOTFS),
                facts.program());
    }
}
