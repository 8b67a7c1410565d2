package dev.banger.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/** Files of this machine to a tar stream and back. What comes back was made by a guest and is not trusted. */
final class Tar {
    private Tar() {}

    /** Packs a file or tree; {@code name} is what it is called in the stream. Owner is root, as files in a guest's home are. */
    static void pack(Path file, String name, OutputStream to) throws IOException {
        TarArchiveOutputStream tar = new TarArchiveOutputStream(to, "UTF-8");
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        Files.walkFileTree(file, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) throws IOException {
                add(tar, dir, entryName(dir) + "/", attributes);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) throws IOException {
                if (!attributes.isOther()) { // sockets, devices and pipes do not travel
                    add(tar, path, entryName(path), attributes);
                }
                return FileVisitResult.CONTINUE;
            }

            private String entryName(Path path) {
                Path inside = file.relativize(path);
                return inside.toString().isEmpty() ? name : name + "/" + inside;
            }
        });
        tar.finish();
        to.flush();
    }

    private static void add(TarArchiveOutputStream tar, Path path, String name, BasicFileAttributes attributes)
            throws IOException {
        boolean link = attributes.isSymbolicLink();
        TarArchiveEntry entry = link ? new TarArchiveEntry(name, TarConstants.LF_SYMLINK) : new TarArchiveEntry(name);
        entry.setModTime(attributes.lastModifiedTime());
        entry.setIds(0, 0);
        if (link) {
            entry.setLinkName(Files.readSymbolicLink(path).toString());
            tar.putArchiveEntry(entry);
        } else {
            entry.setMode((Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 0777);
            if (attributes.isRegularFile()) {
                entry.setSize(attributes.size());
            }
            tar.putArchiveEntry(entry);
            if (attributes.isRegularFile()) {
                copyExactly(path, attributes.size(), tar);
            }
        }
        tar.closeArchiveEntry();
    }

    /** As many bytes as were announced, whatever became of the file since: a tar stream cannot take its word back. */
    private static void copyExactly(Path path, long size, OutputStream to) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        long left = size;
        try (InputStream in = Files.newInputStream(path)) {
            while (left > 0) {
                int count = in.read(buffer, 0, (int) Math.min(buffer.length, left));
                if (count < 0) {
                    throw new IOException(path + " became shorter while it was copied");
                }
                to.write(buffer, 0, count);
                left -= count;
            }
        }
    }

    /**
     * Unpacks a stream whose entries all lie under one name. That name becomes {@code target}, or with {@code into} an entry of
     * the directory {@code target}. Nothing is written outside of it, through no link, and no set-uid bit survives.
     */
    static void unpack(InputStream from, Path target, boolean into) throws IOException {
        TarArchiveInputStream tar = new TarArchiveInputStream(from, "UTF-8");
        Map<Path, Integer> directoryModes = new LinkedHashMap<>();
        TarArchiveEntry entry;
        while ((entry = tar.getNextEntry()) != null) {
            Path name = safe(entry.getName());
            Path file = into ? target.resolve(name) : replaceFirst(name, target);
            refuseLinks(into ? target : target.toAbsolutePath().getParent(), file);
            if (entry.isDirectory()) {
                if (!Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectory(file);
                }
                directoryModes.put(file, entry.getMode()); // set last, or a read-only one could not be filled
            } else if (entry.isSymbolicLink()) {
                directoryModes.remove(file);
                Files.deleteIfExists(file);
                Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
            } else if (entry.isLink()) {
                throw new IOException(
                        "the guest sent the hard link " + Neutral.line(entry.getName()) + ", which cannot be");
            } else if (isRegular(entry)) {
                try (OutputStream out = Files.newOutputStream(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        LinkOption.NOFOLLOW_LINKS)) {
                    tar.transferTo(out);
                }
                Files.setPosixFilePermissions(file, permissions(entry.getMode()));
            }
        }
        for (Map.Entry<Path, Integer> directory : directoryModes.entrySet()) {
            // A link may have taken its place: what that leads to is not ours to change.
            if (Files.isDirectory(directory.getKey(), LinkOption.NOFOLLOW_LINKS)) {
                Files.setPosixFilePermissions(directory.getKey(), permissions(directory.getValue()));
            }
        }
        // The sender fills the last block; it must find a reader until its end.
        from.transferTo(OutputStream.nullOutputStream());
    }

    /** commons-compress calls everything a file that it has no other word for. */
    private static boolean isRegular(TarArchiveEntry entry) {
        return entry.isFile() && !entry.isCharacterDevice() && !entry.isBlockDevice() && !entry.isFIFO();
    }

    private static Path safe(String name) throws IOException {
        if (name.indexOf('\0') >= 0) {
            throw new IOException("the guest sent a name that no file can have");
        }
        Path path = Path.of(name.endsWith("/") ? name.substring(0, name.length() - 1) : name);
        for (Path part : path) {
            String text = part.toString();
            if (text.equals("..") || text.equals(".") || text.isEmpty()) {
                throw new IOException("the guest sent the name \"" + Neutral.line(name) + "\", which leads elsewhere");
            }
        }
        if (path.isAbsolute() || path.getNameCount() == 0) {
            throw new IOException("the guest sent the name \"" + Neutral.line(name) + "\", which leads elsewhere");
        }
        return path;
    }

    private static Path replaceFirst(Path name, Path target) {
        return name.getNameCount() == 1 ? target : target.resolve(name.subpath(1, name.getNameCount()));
    }

    /** A link among the directories below {@code base} could lead out of it (P83). */
    private static void refuseLinks(@Nullable Path base, Path file) throws IOException {
        for (Path at = file.getParent(); at != null && !at.equals(base); at = at.getParent()) {
            if (Files.isSymbolicLink(at)) {
                throw new IOException("the guest sent a file below the link " + at);
            }
        }
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] order = {
            PosixFilePermission.OTHERS_EXECUTE,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.GROUP_EXECUTE,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.OWNER_EXECUTE,
            PosixFilePermission.OWNER_WRITE,
            PosixFilePermission.OWNER_READ
        };
        for (int bit = 0; bit < order.length; bit++) {
            if ((mode & 1 << bit) != 0) {
                permissions.add(order[bit]);
            }
        }
        return permissions;
    }
}
