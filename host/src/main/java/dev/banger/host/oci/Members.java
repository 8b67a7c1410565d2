package dev.banger.host.oci;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.http.Neutral;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The files of an image's archive or directory, by the names that its documents have for them. A name leads to a regular file
 * in there or to nothing. Closing closes what is open.
 */
abstract class Members implements AutoCloseable {
    private static final int COUNT = 10_000;
    private static final int LINKS = 8;

    abstract long bytes(String name) throws IOException;

    abstract InputStream open(String name) throws IOException;

    @Override
    public abstract void close();

    /** A whole small file. */
    byte[] document(String name) throws IOException {
        try (InputStream in = open(name)) {
            byte[] bytes = in.readNBytes(Documents.BYTES + 1);
            if (bytes.length > Documents.BYTES) {
                throw new BadArchive("a document of more than " + Documents.BYTES + " bytes");
            }
            return bytes;
        }
    }

    private static BadArchive missing(String name) {
        return new BadArchive("no " + Neutral.text(name) + " in it");
    }

    private static FileChannel channel(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    static Members ofDirectory(String location) {
        Path directory = Path.of(location);
        if (!Files.isDirectory(directory)) {
            throw BangerException.notFound("there is no directory " + location);
        }
        return new Members() {
            @Override
            long bytes(String name) throws IOException {
                return Files.size(file(name));
            }

            @Override
            InputStream open(String name) throws IOException {
                FileChannel channel = channel(file(name));
                return new Slice(channel, 0, channel.size(), true);
            }

            /** {@code name}: of banger's own making, out of a checked digest; a link in its place is not followed. */
            private Path file(String name) {
                Path file = directory.resolve(name);
                if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    throw missing(name);
                }
                return file;
            }

            @Override
            public void close() {}
        };
    }

    static Members ofArchive(String location) throws IOException {
        Path file = Path.of(location);
        if (!Files.isRegularFile(file)) {
            throw BangerException.notFound("there is no file " + location);
        }
        if (!Files.isReadable(file)) {
            throw new BangerException(ErrorCode.PERMISSION_DENIED, location + " cannot be read");
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            if (new Slice(channel, 0, 2, false).read() == 0x1F) {
                throw BangerException.invalid(
                        location + " is compressed, but banger reads archives in place; gunzip it");
            }
            return new Archive(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** A tar: only where things are in it is read ahead. */
    private static final class Archive extends Members {
        private record Place(long at, long bytes) {}

        private final FileChannel channel;
        private final Map<String, Place> places = new HashMap<>();
        /** In what older versions of docker save, layers that are the same are links to one. */
        private final Map<String, String> links = new HashMap<>();

        Archive(FileChannel channel) throws IOException {
            this.channel = channel;
            TarStream tar = new TarStream(new Slice(channel, 0, channel.size(), false));
            for (TarStream.Entry entry = tar.next(); entry != null; entry = tar.next()) {
                if (places.size() + links.size() >= COUNT) {
                    throw new BadArchive("more than " + COUNT + " files");
                }
                Optional<String> name = normal("", entry.name());
                if (name.isEmpty()) {
                    continue;
                }
                if (entry.type() == '0') {
                    places.put(name.get(), new Place(tar.position(), entry.size()));
                } else if (entry.type() == '1' || entry.type() == '2') {
                    String from = entry.type() == '1' ? "" : parent(name.get());
                    normal(from, entry.target()).ifPresent(target -> links.put(name.get(), target));
                }
            }
        }

        private static String parent(String name) {
            return name.substring(0, Math.max(0, name.lastIndexOf('/')));
        }

        private static Optional<String> normal(String from, String name) {
            List<String> parts = new ArrayList<>();
            for (String part : (from + "/" + name).split("/")) {
                if (part.equals("..")) {
                    if (parts.isEmpty()) {
                        return Optional.empty();
                    }
                    parts.removeLast();
                } else if (!part.isEmpty() && !part.equals(".")) {
                    parts.add(part);
                }
            }
            return Optional.of(String.join("/", parts));
        }

        private Place place(String name) {
            Optional<String> at = normal("", name);
            for (int links = 0; links < LINKS && at.isPresent(); links++) {
                Place place = places.get(at.get());
                if (place != null) {
                    return place;
                }
                at = Optional.ofNullable(this.links.get(at.get()));
            }
            throw missing(name);
        }

        @Override
        long bytes(String name) {
            return place(name).bytes();
        }

        @Override
        InputStream open(String name) {
            Place place = place(name);
            return new Slice(channel, place.at(), place.bytes(), false);
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot close an archive: " + e, e);
            }
        }
    }
}
