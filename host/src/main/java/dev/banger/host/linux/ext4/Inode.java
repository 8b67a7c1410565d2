package dev.banger.host.linux.ext4;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * A file of any type, as it will be in the file system. Names, link targets and attribute names are bytes, held in strings
 * one character a byte (ISO 8859-1). Used by one thread.
 */
public final class Inode {
    /** The types of inode(7), as in a mode. */
    public enum Type {
        REGULAR(0100000, 1),
        DIRECTORY(0040000, 2),
        CHARACTER_DEVICE(0020000, 3),
        BLOCK_DEVICE(0060000, 4),
        FIFO(0010000, 5),
        SOCKET(0140000, 6),
        SYMLINK(0120000, 7);

        final int bits;
        /** What a directory entry calls it. */
        final int entryType;

        Type(int bits, int entryType) {
            this.bits = bits;
            this.entryType = entryType;
        }
    }

    /**
     * A name in a directory.
     *
     * @param layer whatever the caller counts by; the file system has no notion of it
     */
    public record Link(Inode inode, int layer) {}

    private static final SequencedMap<String, Link> NOTHING = new LinkedHashMap<>(1);
    private static final Map<String, byte[]> NONE = Map.of();

    private final Type type;
    int permissions;
    int uid;
    int gid;
    long seconds;
    int nanos;
    Map<String, byte[]> attributes = NONE;
    long size;
    /** Of a regular file: triples of first logical block, first physical block, count. */
    int[] extents = new int[0];

    /** Of a symbolic link. */
    String target = "";
    /** Of a device. */
    int major;

    int minor;
    int links;
    int number;
    /** Of a directory: the number of the one it is in. */
    int parent;

    private SequencedMap<String, Link> children = NOTHING;

    public Inode(Type type) {
        this.type = type;
        if (type == Type.DIRECTORY) {
            permissions = 0755;
            children = new LinkedHashMap<>(8);
        }
    }

    public Type type() {
        return type;
    }

    public boolean isDirectory() {
        return type == Type.DIRECTORY;
    }

    /** Of a directory: what is in it, in the order in which it came; for {@link Ext4Image} to change. */
    public SequencedMap<String, Link> children() {
        return children;
    }

    public String target() {
        return target;
    }

    public int links() {
        return links;
    }

    /** {@code permissions}: the twelve bits of chmod(2). */
    public Inode own(int permissions, int uid, int gid) {
        this.permissions = permissions & 07777;
        this.uid = uid;
        this.gid = gid;
        return this;
    }

    public Inode modified(long seconds, int nanos) {
        this.seconds = seconds;
        this.nanos = nanos;
        return this;
    }

    public Inode attributes(Map<String, byte[]> attributes) {
        // Sorted: the same image gives the same bytes.
        this.attributes = attributes.isEmpty() ? NONE : new TreeMap<>(attributes);
        return this;
    }

    public Inode target(String target) {
        this.target = target;
        return this;
    }

    public Inode device(int major, int minor) {
        this.major = major;
        this.minor = minor;
        return this;
    }
}
