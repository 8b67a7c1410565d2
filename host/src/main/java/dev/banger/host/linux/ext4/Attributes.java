package dev.banger.host.linux.ext4;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Extended attributes as ext4 keeps them: in the inode if they fit there, else in a block of their own. */
final class Attributes {
    /** What is left of an inode of 256 bytes behind its 160 bytes of fields. */
    static final int IN_INODE = 96;

    private static final int MAGIC = 0xEA020000;
    private static final int BLOCK_HEADER = 32;
    private static final int ACL_ACCESS = 2;
    private static final int ACL_DEFAULT = 3;

    private record Entry(int index, byte[] name, byte[] value) {
        int bytes() {
            return padded(16 + name.length) + padded(value.length);
        }
    }

    private Attributes() {}

    /** Whether a file can have an attribute of that name; Linux refuses the others too. */
    static boolean isKnown(String name) {
        return index(name) != 0;
    }

    /** Prefixes have numbers; those of ACLs are whole names. */
    private static int index(String name) {
        return switch (name) {
            case "system.posix_acl_access" -> ACL_ACCESS;
            case "system.posix_acl_default" -> ACL_DEFAULT;
            default ->
                switch (name.substring(0, name.indexOf('.') + 1)) {
                    case "user." -> 1;
                    case "trusted." -> 4;
                    case "security." -> 6;
                    default -> 0;
                };
        };
    }

    /** Whether a file can have all of these. */
    static boolean fit(Map<String, byte[]> attributes) {
        return bytes(entries(attributes)) + BLOCK_HEADER <= Geometry.BLOCK;
    }

    private static int bytes(List<Entry> entries) {
        return entries.stream().mapToInt(Entry::bytes).sum() + 4;
    }

    private static List<Entry> entries(Map<String, byte[]> attributes) {
        List<Entry> entries = new ArrayList<>();
        attributes.forEach((name, value) -> {
            int index = index(name);
            boolean acl = index == ACL_ACCESS || index == ACL_DEFAULT;
            String rest = acl ? "" : name.substring(name.indexOf('.') + 1);
            entries.add(new Entry(index, rest.getBytes(StandardCharsets.ISO_8859_1), acl ? acl(value) : value));
        });
        // The kernel searches a block by this order.
        entries.sort(Comparator.comparingInt(Entry::index)
                .thenComparingInt(entry -> entry.name().length)
                .thenComparing(Entry::name, Arrays::compareUnsigned));
        return entries;
    }

    /** What goes into the inode from its 160th byte on; empty if a block has to take it. */
    static Optional<ByteBuffer> inInode(Map<String, byte[]> attributes) {
        List<Entry> entries = entries(attributes);
        if (4 + bytes(entries) > IN_INODE) {
            return Optional.empty();
        }
        ByteBuffer area = ByteBuffer.allocate(IN_INODE).order(ByteOrder.LITTLE_ENDIAN);
        area.putInt(MAGIC);
        put(area, entries, 4, false);
        return Optional.of(area.clear());
    }

    /** A block for them, which lies at {@code number}. */
    static ByteBuffer block(Map<String, byte[]> attributes, long number, Geometry geometry) {
        ByteBuffer block = ByteBuffer.allocate(Geometry.BLOCK).order(ByteOrder.LITTLE_ENDIAN);
        block.putInt(0, MAGIC).putInt(4, 1).putInt(8, 1).position(BLOCK_HEADER);
        block.putInt(12, put(block, entries(attributes), 0, true));
        ByteBuffer place = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, number);
        block.clear().putInt(16, geometry.checksum(place, block));
        return block;
    }

    /** {@code base}: what offsets of values count from. @return the hash over all */
    private static int put(ByteBuffer area, List<Entry> entries, int base, boolean hashed) {
        int values = area.capacity();
        int all = 0;
        for (Entry entry : entries) {
            values -= padded(entry.value().length);
            area.put(values, entry.value());
            int hash = hashed ? hash(entry) : 0;
            all = all << 16 ^ all >>> 16 ^ hash;
            int next = area.position() + padded(16 + entry.name().length);
            area.put((byte) entry.name().length)
                    .put((byte) entry.index())
                    .putShort((short) (entry.value().length == 0 ? 0 : values - base))
                    .putInt(0)
                    .putInt(entry.value().length)
                    .putInt(hash)
                    .put(entry.name())
                    .position(next);
        }
        return all;
    }

    private static int hash(Entry entry) {
        int hash = 0;
        for (byte each : entry.name()) {
            hash = hash << 5 ^ hash >>> 27 ^ (each & 0xFF);
        }
        ByteBuffer words = ByteBuffer.allocate(padded(entry.value().length))
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(entry.value())
                .clear();
        while (words.hasRemaining()) {
            hash = hash << 16 ^ hash >>> 16 ^ words.getInt();
        }
        return hash;
    }

    private static int padded(int bytes) {
        return bytes + 3 & ~3;
    }

    /** On disk an ACL has version 1 and no id where the tag means nobody in particular; see fs/ext4/acl.h. */
    private static byte[] acl(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer out = ByteBuffer.allocate(value.length).order(ByteOrder.LITTLE_ENDIAN);
        if (value.length < 4 || value.length % 8 != 4 || in.getInt() != 2) {
            return new byte[0];
        }
        out.putInt(1);
        while (in.hasRemaining()) {
            short tag = in.getShort();
            out.putShort(tag).putShort(in.getShort());
            int id = in.getInt();
            if (tag == 0x02 || tag == 0x08) {
                out.putInt(id);
            }
        }
        return Arrays.copyOf(out.array(), out.position());
    }
}
