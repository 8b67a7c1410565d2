package dev.banger.host.export;

import dev.banger.export.Content;
import dev.banger.host.export.Manifest.Chunk;
import dev.banger.host.linux.SparseDigest;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Unpacks an export. Each part is compared with its digest in memory, and it is that memory which is unpacked. */
final class ExportReader {
    private final Blobs blobs;
    private final ByteProgress progress;

    private ExportReader(Blobs blobs, ByteProgress progress) {
        this.blobs = blobs;
        this.progress = progress;
    }

    private record Part(Path file, Chunk chunk) {}

    /** Makes its files in {@code staging}; what is written there when it fails is the caller's to remove. */
    static Content read(Manifest manifest, Blobs blobs, Path staging, Progress progress) throws IOException {
        Content content = manifest.content();
        List<Part> parts = new ArrayList<>();
        long total = 0;
        for (Manifest.Entry entry : manifest.files()) {
            Path file = staging.resolve(entry.checkedPath());
            make(file, entry.bytes());
            for (Chunk chunk : entry.chunks()) {
                parts.add(new Part(file, chunk));
                total += chunk.size();
            }
        }
        String stage = "unpacking " + content.kind() + " " + content.name();
        ExportReader reader = new ExportReader(blobs, new ByteProgress(progress, stage, total));
        Crew.work(parts, reader::worker);
        if (content.kind() == Content.Kind.IMAGE) {
            progress.stage("checking image " + content.name());
            check(staging.resolve("rootfs"), content);
        }
        return content;
    }

    private static void make(Path file, long bytes) throws IOException {
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        Files.createFile(file);
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(bytes);
        }
    }

    /** What the exporter's parts say is checked; this is that the image was whole when they were made. */
    private static void check(Path rootfs, Content content) throws IOException {
        SparseDigest.Digest digest = SparseDigest.of(rootfs);
        if (!digest.hex().equals(content.digest()) || digest.dataBytes() != content.dataBytes()) {
            throw new BadExport("it is not the image that it says it is: it was damaged before it was exported");
        }
    }

    private Crew.Worker<Part> worker() {
        Zstandard memory = new Zstandard();
        return new Crew.Worker<>() {
            @Override
            public void work(int index, Part part) throws IOException {
                Chunk chunk = part.chunk();
                String digest = Hex256.checked(chunk.digest());
                ByteBuffer packed = memory.packed(chunk.size());
                blobs.read(digest, packed);
                if (!Hex256.of(packed.rewind()).equals(digest)) {
                    throw new BadExport(
                            "a part has another digest than it has to have (" + Blobs.DIRECTORY + digest + ")");
                }
                write(part, memory.unpack(chunk.bytes()));
                progress.add(chunk.size());
            }

            @Override
            public void close() {
                memory.close();
            }
        };
    }

    private static void write(Part part, ByteBuffer plain) throws IOException {
        try (FileChannel file = FileChannel.open(part.file(), StandardOpenOption.WRITE)) {
            Zeros.skip(plain, (run, at) -> {
                long to = part.chunk().at() + at;
                while (run.hasRemaining()) {
                    to += file.write(run, to);
                }
            });
        }
    }
}
