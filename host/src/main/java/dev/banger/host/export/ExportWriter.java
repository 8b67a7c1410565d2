package dev.banger.host.export;

import dev.banger.export.Content;
import dev.banger.host.export.Manifest.Chunk;
import dev.banger.host.linux.Extents;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.Stream;

/** Compresses the files of an image or kernel, several parts at a time. */
final class ExportWriter {
    /** What is in a published directory besides the content: facts of this host. */
    private static final List<String> FACTS = List.of("image.json", "kernel.json");

    private final Sink sink;
    private final ByteProgress progress;
    private final AtomicReferenceArray<Chunk> chunks;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicInteger files = new AtomicInteger();

    private ExportWriter(Sink sink, ByteProgress progress, int parts) {
        this.sink = sink;
        this.progress = progress;
        chunks = new AtomicReferenceArray<>(parts);
    }

    /** A part of a file in which there may be something. */
    private record Part(int file, Path path, long at, int bytes) {}

    /**
     * What was written.
     *
     * @param bytes of all blobs
     * @param files how many of them were not there yet
     */
    record Written(Manifest manifest, byte[] json, long bytes, int files) {
        String digest() {
            return Hex256.of(json);
        }
    }

    /** Writes all blobs; the manifest is left to the caller. */
    static Written write(Content content, Path directory, Sink sink, Progress progress) throws IOException {
        List<Path> paths = files(directory);
        List<Part> parts = new ArrayList<>();
        for (int file = 0; file < paths.size(); file++) {
            addParts(file, paths.get(file), parts);
        }
        String stage = "exporting " + content.kind() + " " + content.name();
        long total = parts.stream().mapToLong(Part::bytes).sum();
        ExportWriter writer = new ExportWriter(sink, new ByteProgress(progress, stage, total), parts.size());
        Crew.work(parts, writer::worker);
        List<Manifest.Entry> entries = new ArrayList<>();
        for (int file = 0; file < paths.size(); file++) {
            String path = directory.relativize(paths.get(file)).toString();
            entries.add(new Manifest.Entry(path, Files.size(paths.get(file)), writer.chunks(parts, file)));
        }
        Manifest manifest = Manifest.of(content, entries);
        return new Written(manifest, manifest.json(), writer.bytes.get(), writer.files.get());
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> walk = Files.walk(directory, 2)) {
            return walk.filter(Files::isRegularFile)
                    .filter(file -> !FACTS.contains(String.valueOf(file.getFileName())))
                    .sorted()
                    .toList();
        }
    }

    private static void addParts(int file, Path path, List<Part> parts) throws IOException {
        long size = Files.size(path);
        long[] next = new long[1];
        Extents.of(path, (start, end) -> {
            for (long at = Math.max(next[0], start / Manifest.CHUNK * Manifest.CHUNK); at < end; at += Manifest.CHUNK) {
                parts.add(new Part(file, path, at, (int) Math.min(Manifest.CHUNK, size - at)));
                next[0] = at + Manifest.CHUNK;
            }
        });
    }

    private List<Chunk> chunks(List<Part> parts, int file) {
        List<Chunk> found = new ArrayList<>();
        for (int index = 0; index < parts.size(); index++) {
            if (parts.get(index).file() == file && chunks.get(index) != null) {
                found.add(Objects.requireNonNull(chunks.get(index)));
            }
        }
        return found;
    }

    private Crew.Worker<Part> worker() {
        Zstandard memory = new Zstandard();
        return new Crew.Worker<>() {
            @Override
            public void work(int index, Part part) throws IOException {
                ByteBuffer plain = memory.plain(part.bytes());
                read(part, plain);
                if (!Zeros.all(plain.rewind())) {
                    pack(index, part, memory.pack());
                }
                progress.add(part.bytes());
            }

            @Override
            public void close() {
                memory.close();
            }
        };
    }

    private void pack(int index, Part part, ByteBuffer packed) throws IOException {
        int size = packed.remaining();
        String digest = Hex256.of(packed);
        bytes.addAndGet(size);
        if (sink.blob(digest, packed)) {
            files.incrementAndGet();
        }
        chunks.set(index, new Chunk(part.at(), part.bytes(), digest, size));
    }

    private static void read(Part part, ByteBuffer into) throws IOException {
        try (FileChannel file = FileChannel.open(part.path(), StandardOpenOption.READ)) {
            while (into.hasRemaining()) {
                if (file.read(into, part.at() + into.position()) < 0) {
                    throw new IOException(part.path() + " became shorter while it was exported");
                }
            }
        }
    }
}
