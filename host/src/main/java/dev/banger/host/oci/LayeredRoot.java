package dev.banger.host.oci;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.http.Neutral;
import dev.banger.host.linux.RootTree;
import dev.banger.host.linux.ext4.Ext4Image;
import dev.banger.host.linux.ext4.FileContent;
import dev.banger.host.linux.ext4.Inode;
import dev.banger.host.linux.ext4.Inode.Link;
import dev.banger.host.linux.ext4.Inode.Type;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Puts the layers of a container image on top of one another, in a file system that is being filled. Nothing in a layer is
 * ever a path on the host: names are looked up among the inodes in memory, and symbolic links lead nowhere else. The rules are those of
 * the OCI image specification (layer.md) for whiteouts, and of unpacking one layer over the other for all else.
 */
final class LayeredRoot {
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    /** What only aufs needed. */
    private static final String AUFS = ".wh..wh.";

    private static final int PATH_BYTES = 4096;
    private static final int DEPTH = 1024;
    private static final int SYMLINKS = 40;
    private static final int TARGET_BYTES = 4095;
    /** What names, inodes and attributes of one image may take up in memory; it is enough for 400,000 files. */
    private static final long MEMORY_BYTES = 96L << 20;

    private static final int INODE_MEMORY = 250;
    /** Looking up names, however entangled, takes a few seconds at most; an honest image needs a hundredth. */
    private static final long LOOKUPS = 30_000_000;

    private static final long MAX_ID = 0xFFFF_FFFEL;

    private final Ext4Image image;
    private final byte[] buffer = new byte[128 * 1024];
    private long memory;
    private long lookups;
    private int layer;

    LayeredRoot(Ext4Image image) {
        this.image = image;
    }

    /** Where a name leads: a directory and a name in it. */
    private record Place(Inode directory, String name) {
        Optional<Inode> inode() {
            return Optional.ofNullable(directory.children().get(name)).map(Link::inode);
        }
    }

    /** Puts a layer, an uncompressed tar, on top. */
    void apply(InputStream stream) throws IOException {
        layer++;
        TarStream tar = new TarStream(stream);
        for (TarStream.Entry entry = tar.next(); entry != null; entry = tar.next()) {
            if (Thread.currentThread().isInterrupted()) {
                throw new BangerException(ErrorCode.CANCELLED, "cancelled while unpacking a layer");
            }
            apply(entry, tar);
        }
    }

    private void apply(TarStream.Entry entry, TarStream tar) throws IOException {
        List<String> path = components(entry.name());
        if (path.isEmpty()) {
            if (entry.type() != '5') {
                throw new BadArchive("a root that is no directory");
            }
            describe(image.root(), entry);
            return;
        }
        String last = path.getLast();
        List<String> parents = path.subList(0, path.size() - 1);
        if (last.startsWith(WHITEOUT)) {
            whiteOut(parents, last);
            return;
        }
        Place place = new Place(directory(parents, true).orElseThrow(), last);
        switch (entry.type()) {
            case '0' -> putFile(place, entry, tar);
            case '1' -> putLink(place, entry);
            case '2' -> {
                if (entry.target().isEmpty() || entry.target().length() > TARGET_BYTES) {
                    throw new BadArchive("a symbolic link to nothing or to more than a path: " + shown(entry.name()));
                }
                remember(entry.target().length());
                put(place, describe(new Inode(Type.SYMLINK).target(entry.target()), entry));
            }
            case '3' -> put(place, device(Type.CHARACTER_DEVICE, entry));
            case '4' -> put(place, device(Type.BLOCK_DEVICE, entry));
            case '5' -> putDirectory(place, entry);
            case '6' -> put(place, describe(new Inode(Type.FIFO), entry));
            default ->
                throw new BadArchive("an entry of the unknown type " + (int) entry.type() + ": " + shown(entry.name()));
        }
    }

    private void putFile(Place place, TarStream.Entry entry, TarStream tar) throws IOException {
        if (entry.size() < 0 || entry.size() > Ext4Image.FILE_BYTES) {
            throw new BadArchive("a file of " + entry.size() + " bytes: " + shown(entry.name()));
        }
        Inode file = describe(new Inode(Type.REGULAR), entry);
        // What it replaces goes first, so that its space can be used again.
        put(place, file);
        FileContent content = image.begin();
        while (true) {
            content.zeros(tar.hole());
            int got = tar.read(buffer);
            if (got < 0) {
                break;
            }
            content.bytes(buffer, 0, got);
        }
        image.end(file);
    }

    private void putLink(Place place, TarStream.Entry entry) {
        List<String> path = components(entry.target());
        Inode target = path.isEmpty()
                ? image.root()
                : directory(path.subList(0, path.size() - 1), false)
                        .flatMap(parent -> new Place(parent, path.getLast()).inode())
                        .orElseThrow(() -> new BadArchive("a hard link to what is not there: " + shown(entry.name())));
        if (target.isDirectory()) {
            throw new BadArchive("a hard link to a directory: " + shown(entry.name()));
        }
        if (target.links() >= Ext4Image.LINKS) {
            throw new BadArchive("a file with more than " + Ext4Image.LINKS + " names");
        }
        put(place, target);
    }

    private void putDirectory(Place place, TarStream.Entry entry) {
        Optional<Inode> there = place.inode().filter(Inode::isDirectory);
        if (there.isPresent()) {
            image.put(place.directory(), place.name(), describe(there.get(), entry), layer);
        } else {
            put(place, describe(new Inode(Type.DIRECTORY), entry));
        }
    }

    private static Inode device(Type type, TarStream.Entry entry) {
        if (entry.major() < 0 || entry.major() > 0xFFF || entry.minor() < 0 || entry.minor() > 0xFFFFF) {
            throw new BadArchive("a device whose numbers cannot be: " + shown(entry.name()));
        }
        return describe(new Inode(type).device(entry.major(), entry.minor()), entry);
    }

    private void put(Place place, Inode inode) {
        remember(INODE_MEMORY + place.name().length());
        image.put(place.directory(), place.name(), inode, layer);
    }

    private void remember(long bytes) {
        memory += bytes;
        if (memory > MEMORY_BYTES) {
            throw new BangerException(
                    ErrorCode.RESOURCE_EXHAUSTED, "it has more files, names and attributes than banger takes");
        }
    }

    private static Inode describe(Inode inode, TarStream.Entry entry) {
        if (entry.uid() < 0 || entry.uid() > MAX_ID || entry.gid() < 0 || entry.gid() > MAX_ID) {
            throw new BadArchive("an owner whose number cannot be: " + shown(entry.name()));
        }
        Map<String, byte[]> attributes = new HashMap<>();
        entry.attributes().forEach((name, value) -> {
            if (Ext4Image.canHave(name) && name.length() <= Ext4Image.NAME_BYTES) {
                attributes.put(name, value);
            }
        });
        if (!Ext4Image.canHave(attributes)) {
            throw new BadArchive("more attributes than a file can have: " + shown(entry.name()));
        }
        // ext4 has 34 bits for seconds, the first of them at 1901.
        long seconds = Math.clamp(entry.seconds(), Integer.MIN_VALUE, Integer.MIN_VALUE + (1L << 34) - 1);
        int permissions = inode.type() == Type.SYMLINK ? 0777 : entry.permissions();
        return inode.own(permissions, (int) entry.uid(), (int) entry.gid())
                .modified(seconds, entry.nanos())
                .attributes(attributes);
    }

    /** Only what lower layers have is taken away, whatever the order within this one. */
    private void whiteOut(List<String> parents, String marker) {
        Optional<Inode> directory = directory(parents, false);
        if (marker.equals(OPAQUE)) {
            directory.ifPresent(this::removeLower);
            return;
        }
        if (marker.startsWith(AUFS)) {
            return;
        }
        String name = marker.substring(WHITEOUT.length());
        if (name.isEmpty() || name.equals(".") || name.equals("..")) {
            throw new BadArchive("a whiteout of " + (name.isEmpty() ? "nothing" : name));
        }
        directory.ifPresent(parent -> removeLower(parent, name));
    }

    private void removeLower(Inode directory) {
        for (String name : List.copyOf(directory.children().keySet())) {
            removeLower(directory, name);
        }
    }

    private void removeLower(Inode directory, String name) {
        lookUp();
        Link link = directory.children().get(name);
        if (link == null) {
            return;
        }
        if (link.layer() != layer && !hasOwn(link.inode())) {
            image.remove(directory, name);
            return;
        }
        if (link.inode().isDirectory()) {
            removeLower(link.inode());
        }
    }

    /** Whether this layer has put anything beneath. */
    private boolean hasOwn(Inode inode) {
        for (Link link : inode.children().values()) {
            lookUp();
            if (link.layer() == layer || hasOwn(link.inode())) {
                return true;
            }
        }
        return false;
    }

    private void lookUp() {
        if (++lookups > LOOKUPS) {
            throw new BadArchive("names that take too long to look up");
        }
    }

    /** The directory at a path, as the guest would find it; {@code make}: what is missing is made. */
    private Optional<Inode> directory(List<String> path, boolean make) {
        Deque<Inode> way = new ArrayDeque<>(List.of(image.root()));
        Deque<String> rest = new ArrayDeque<>(path);
        int links = 0;
        while (!rest.isEmpty()) {
            String name = rest.pop();
            lookUp();
            if (name.equals("..")) {
                if (way.size() > 1) {
                    way.pop();
                }
                continue;
            }
            Inode at = way.element();
            Link link = at.children().get(name);
            if (link == null) {
                if (!make) {
                    return Optional.empty();
                }
                if (name.length() > Ext4Image.NAME_BYTES) {
                    throw new BadArchive("a name that no file can have: " + shown(name));
                }
                Inode made = new Inode(Type.DIRECTORY);
                put(new Place(at, name), made);
                way.push(made);
            } else if (link.inode().isDirectory()) {
                way.push(link.inode());
            } else if (link.inode().type() != Type.SYMLINK) {
                if (!make) {
                    return Optional.empty();
                }
                throw new BadArchive("a path that leads through a file: " + shown(String.join("/", path)));
            } else {
                if (++links > SYMLINKS) {
                    if (!make) {
                        return Optional.empty();
                    }
                    throw new BadArchive("a path with too many symbolic links: " + shown(String.join("/", path)));
                }
                String target = link.inode().target();
                if (target.startsWith("/")) {
                    way.clear();
                    way.push(image.root());
                }
                split(target).reversed().forEach(rest::push);
            }
            if (way.size() > DEPTH) {
                throw new BadArchive("directories more than " + DEPTH + " deep");
            }
        }
        return Optional.of(way.element());
    }

    /** Makes a directory, and those above it, unless it is there. */
    void makeDirectory(String path) {
        directory(components(new String(path.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1)), true);
    }

    /** Whether the root has an init of its own. */
    boolean hasInit() {
        return RootTree.INITS.stream().anyMatch(init -> isFile(init, 0));
    }

    private boolean isFile(String path, int links) {
        List<String> components = split(path);
        if (components.isEmpty() || links > SYMLINKS) {
            return false;
        }
        List<String> parents = components.subList(0, components.size() - 1);
        Optional<Inode> found =
                directory(parents, false).flatMap(directory -> new Place(directory, components.getLast()).inode());
        if (found.isEmpty() || found.get().type() != Type.SYMLINK) {
            return found.isPresent() && found.get().type() == Type.REGULAR;
        }
        String target = found.get().target();
        String next = target.startsWith("/") ? target : String.join("/", parents) + "/" + target;
        return next.length() <= PATH_BYTES && isFile(next, links + 1);
    }

    /** The components of a name in an archive, which begins at the root whether or not it says so. */
    private static List<String> components(String name) {
        if (name.length() > PATH_BYTES || name.indexOf(0) >= 0) {
            throw new BadArchive("a name that no file can have: " + shown(name));
        }
        List<String> components = split(name);
        for (String each : components) {
            if (each.equals("..")) {
                throw new BadArchive("a name that leads upwards: " + shown(name));
            }
            if (each.length() > Ext4Image.NAME_BYTES) {
                throw new BadArchive("a name that no file can have: " + shown(name));
            }
        }
        return components;
    }

    private static List<String> split(String path) {
        List<String> components = new ArrayList<>();
        for (int from = 0; from < path.length(); ) {
            int slash = path.indexOf('/', from);
            int end = slash < 0 ? path.length() : slash;
            if (end > from && !(end == from + 1 && path.charAt(from) == '.')) {
                components.add(path.substring(from, end));
            }
            from = end + 1;
        }
        return components;
    }

    private static String shown(String name) {
        return Neutral.text(new String(name.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
    }
}
