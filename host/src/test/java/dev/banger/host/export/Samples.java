package dev.banger.host.export;

import dev.banger.api.ExportInfo;
import dev.banger.api.ExportRequest;
import dev.banger.api.ImageProgram;
import dev.banger.export.Content;
import dev.banger.host.http.HttpFetch;
import dev.banger.host.linux.SparseDigest;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;

/** An image of 40 MiB, a third of it data, and a kernel, in a directory of the test's. */
final class Samples {
    static final long SIZE = (40L << 20) + 4096;
    static final HttpFetch.Patience SHORT = new HttpFetch.Patience(Duration.ofSeconds(2), Duration.ofMillis(900));
    static final ImageProgram PROGRAM =
            new ImageProgram(List.of("/entry"), List.of("serve"), Map.of("A", "b"), "/srv", "app");

    final Path directory;
    final Path images;

    Samples(Path directory) throws IOException {
        this.directory = directory;
        images = Files.createDirectory(directory.resolve("images"));
    }

    HostExports exports(String... catalogs) {
        return new HostExports(List.of(catalogs), directory.resolve("seen"), new Locations(Map.of(), SHORT));
    }

    Path staging() throws IOException {
        return Files.createDirectory(directory.resolve("staging-" + UUID.randomUUID()));
    }

    /** An image as it is published; its data depends on the seed, but for one part. */
    Content image(String name, long seed) throws IOException {
        Path published = Files.createDirectory(images.resolve(name));
        Path rootfs = published.resolve("rootfs");
        try (RandomAccessFile file = new RandomAccessFile(rootfs.toFile(), "rw")) {
            file.setLength(SIZE);
            write(file, 0, 5 << 20, 42);
            write(file, (9L << 20) + 512, 1000, seed);
            write(file, 20L << 20, 6 << 20, seed + 1);
            write(file, SIZE - 10, 10, seed + 2);
            file.seek(32L << 20);
            file.write(new byte[1 << 20]); // zeros that are written are not data either
        }
        Files.writeString(published.resolve("image.json"), "{}");
        SparseDigest.Digest digest = SparseDigest.of(rootfs);
        return new Content(
                Content.Kind.IMAGE, name, digest.hex(), "a test", "", true, SIZE, digest.dataBytes(), PROGRAM);
    }

    private static void write(RandomAccessFile file, long at, int bytes, long seed) throws IOException {
        byte[] data = new byte[bytes];
        new Random(seed).nextBytes(data);
        file.seek(at);
        file.write(data);
    }

    Content kernel(String name) throws IOException {
        Path published = Files.createDirectories(images.resolve(name));
        Files.createDirectory(published.resolve("boot"));
        for (String file :
                List.of("vmlinux", "vmlinuz", "modules.squashfs", "boot/virtio_blk.ko", "boot/modules.load")) {
            Files.writeString(published.resolve(file), "the content of " + file);
        }
        Files.createFile(published.resolve("boot/modules.late"));
        Files.writeString(published.resolve("kernel.json"), "{}");
        return new Content(
                Content.Kind.KERNEL, name, "d".repeat(64), "a test", "6.1.0-1-cloud", false, 0, 100, ImageProgram.NONE);
    }

    ExportInfo export(Content content, String target) {
        return exports()
                .export(
                        content,
                        images.resolve(content.name()),
                        new ExportRequest(directory.resolve(target).toString(), false),
                        Progress.none());
    }

    /** What lies in a directory, by relative paths. */
    static List<String> names(Path directory) throws IOException {
        try (Stream<Path> walk = Files.walk(directory)) {
            return walk.filter(each -> !each.equals(directory))
                    .map(each -> directory.relativize(each).toString())
                    .sorted()
                    .toList();
        }
    }
}
