package dev.banger.host.linux.ext4;

import dev.banger.host.linux.SparseFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * A file system that is being filled. Content goes to its blocks at once, inodes and directories stay in memory until
 * {@link #finish}; before that the file is no file system that anybody could mount. Whoever opens one closes it. Used by one
 * thread.
 */
public final class Ext4Image implements AutoCloseable {
    /** A directory entry, and so a name, has at most so many bytes. */
    public static final int NAME_BYTES = 255;
    /** Block numbers within a file are ints here. */
    public static final long FILE_BYTES = (long) Integer.MAX_VALUE * Geometry.BLOCK;
    /** EXT4_LINK_MAX. */
    public static final int LINKS = 65000;

    private static final int ROOT = 2;
    private static final int FIRST = 11;
    private static final int EXTENTS = 0x80000;

    private final Path file;
    private final FileChannel channel;
    private final Geometry geometry;
    private final BlockMap map;
    private final BlockWriter writer;
    private final FileContent content;
    private final Inode root = new Inode(Inode.Type.DIRECTORY);
    /** Pairs of first block and count that were written and given up. */
    private final List<int[]> given = new ArrayList<>();

    private Ext4Image(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        geometry = Geometry.of(channel);
        map = new BlockMap(geometry, channel);
        writer = new BlockWriter(channel);
        content = new FileContent(map, writer);
        // The root and lost+found that mke2fs made are made again.
        freeBlocks(ROOT);
        freeBlocks(FIRST);
        put(root, "lost+found", new Inode(Inode.Type.DIRECTORY).own(0700, 0, 0), -1);
    }

    /** {@code file}: fresh from {@link dev.banger.host.linux.Ext4#make}. */
    public static Ext4Image open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            return new Ext4Image(file, channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private void freeBlocks(int number) throws IOException {
        ByteBuffer inode = Geometry.read(channel, inodeAt(number), Geometry.INODE);
        int entries = inode.getShort(0x28 + 2);
        for (int at = 0x28 + 12; at < 0x28 + 12 + entries * 12; at += 12) {
            map.free(inode.getInt(at + 8), inode.getShort(at + 4));
        }
    }

    private long inodeAt(int number) {
        int index = number - 1;
        return geometry.inodeTable(index / geometry.inodesPerGroup) * Geometry.BLOCK
                + (long) (index % geometry.inodesPerGroup) * Geometry.INODE;
    }

    public Inode root() {
        return root;
    }

    public static boolean canHave(String attribute) {
        return Attributes.isKnown(attribute);
    }

    public static boolean canHave(Map<String, byte[]> attributes) {
        return Attributes.fit(attributes);
    }

    /** Makes {@code name} stand for {@code inode}; what it stood for before is gone from there. */
    public void put(Inode directory, String name, Inode inode, int layer) {
        inode.links++;
        Inode.Link before = directory.children().put(name, new Inode.Link(inode, layer));
        if (before != null) {
            release(before.inode());
        }
    }

    /** Removes a name, and all that nothing else stands for. */
    public void remove(Inode directory, String name) {
        Inode.Link before = directory.children().remove(name);
        if (before != null) {
            release(before.inode());
        }
    }

    private void release(Inode inode) {
        Deque<Inode> rest = new ArrayDeque<>(List.of(inode));
        while (!rest.isEmpty()) {
            Inode next = rest.pop();
            if (--next.links > 0) {
                continue;
            }
            next.children().values().forEach(link -> rest.push(link.inode()));
            for (int at = 0; at < next.extents.length; at += 3) {
                map.free(next.extents[at + 1], next.extents[at + 2]);
                given.add(new int[] {next.extents[at + 1], next.extents[at + 2]});
            }
            next.extents = new int[0];
        }
    }

    /** Begins the content of a file; the one before has ended. */
    public FileContent begin() {
        content.begin();
        return content;
    }

    /** The content that was begun is that of {@code file}, which has had none. */
    public void end(Inode file) throws IOException {
        content.end(file);
    }

    /** Writes what there is besides content; the file then is a whole file system. */
    public void finish() throws IOException {
        List<Inode> inodes = number();
        int perGroup = geometry.inodesPerGroup;
        int last = FIRST + inodes.size() - 2; // the root has a number of its own
        int[] directories = new int[geometry.groups];
        for (int from = 0; from < inodes.size(); ) {
            int group = (inodes.get(from).number - 1) / perGroup;
            int until = from;
            while (until < inodes.size() && (inodes.get(until).number - 1) / perGroup == group) {
                directories[group] += inodes.get(until).isDirectory() ? 1 : 0;
                until++;
            }
            writeTable(group, inodes.subList(from, until), Math.min(last, (group + 1) * perGroup) - group * perGroup);
            from = until;
        }
        writer.flush();
        writeGroups(last, directories);
        punch();
    }

    /** Gives every inode its number, the root's first, in the order of the tree. */
    private List<Inode> number() {
        List<Inode> inodes = new ArrayList<>();
        Deque<Inode> rest = new ArrayDeque<>();
        root.number = ROOT;
        root.parent = ROOT;
        rest.add(root);
        inodes.add(root);
        int next = FIRST;
        while (!rest.isEmpty()) {
            Inode directory = rest.poll();
            directory.links = 2;
            for (Inode.Link link : directory.children().values()) {
                Inode inode = link.inode();
                if (inode.isDirectory()) {
                    inode.parent = directory.number;
                    directory.links++;
                    rest.add(inode);
                }
                if (inode.number == 0) {
                    if (next > geometry.inodes) {
                        throw map.full();
                    }
                    inode.number = next++;
                    inodes.add(inode);
                }
            }
            if (directory.links > LINKS) {
                directory.links = 1; // dir_nlink: too many to count
            }
        }
        return inodes;
    }

    private void writeTable(int group, List<Inode> inodes, int count) throws IOException {
        int bytes = (count * Geometry.INODE + Geometry.BLOCK - 1) / Geometry.BLOCK * Geometry.BLOCK;
        long at = geometry.inodeTable(group) * Geometry.BLOCK;
        // Group 0 has the journal and other inodes of the file system's own.
        ByteBuffer table = Geometry.read(channel, at, bytes);
        for (Inode inode : inodes) {
            ByteBuffer raw = raw(inode);
            table.put((inode.number - 1) % geometry.inodesPerGroup * Geometry.INODE, raw.array(), 0, Geometry.INODE);
        }
        Geometry.write(channel, at, table.clear());
    }

    private ByteBuffer raw(Inode inode) throws IOException {
        ByteBuffer raw = ByteBuffer.allocate(Geometry.INODE).order(ByteOrder.LITTLE_ENDIAN);
        long blocks = 0;
        int flags = 0;
        switch (inode.type()) {
            case DIRECTORY -> {
                content.begin();
                for (ByteBuffer block : DirectoryBlocks.of(inode, geometry)) {
                    content.bytes(block.array(), 0, Geometry.BLOCK);
                }
                content.end(inode);
                flags = EXTENTS;
            }
            case REGULAR -> flags = EXTENTS;
            case SYMLINK -> {
                byte[] target = inode.target.getBytes(StandardCharsets.ISO_8859_1);
                inode.size = target.length;
                if (target.length < 60) {
                    raw.put(0x28, target);
                } else {
                    int block = map.take(1)[0];
                    writer.write(block, 1, target, 0, target.length);
                    inode.extents = new int[] {0, block, 1};
                    flags = EXTENTS;
                }
            }
            case CHARACTER_DEVICE, BLOCK_DEVICE -> {
                if (inode.major < 256 && inode.minor < 256) {
                    raw.putInt(0x28, inode.major << 8 | inode.minor);
                } else {
                    raw.putInt(0x2C, inode.minor & 0xFF | inode.major << 8 | (inode.minor & ~0xFF) << 12);
                }
            }
            case FIFO, SOCKET -> {}
        }
        if (flags == EXTENTS) {
            for (int at = 0; at < inode.extents.length; at += 3) {
                blocks += inode.extents[at + 2];
            }
            blocks += new ExtentTree(geometry, map, writer).write(inode, raw);
        }
        if (!inode.attributes.isEmpty()) {
            var inside = Attributes.inInode(inode.attributes);
            if (inside.isPresent()) {
                raw.put(0xA0, inside.get().array());
            } else {
                int block = map.take(1)[0];
                writer.write(block, Attributes.block(inode.attributes, block, geometry));
                raw.putInt(0x68, block);
                blocks++;
            }
        }
        fields(inode, raw, blocks * (Geometry.BLOCK / 512), flags);
        int sum = geometry.checksum(Geometry.number(inode.number), Geometry.number(0), raw);
        raw.putShort(0x7C, (short) sum).putShort(0x82, (short) (sum >>> 16));
        return raw;
    }

    private static void fields(Inode inode, ByteBuffer raw, long sectors, int flags) {
        int seconds = (int) inode.seconds;
        // Two bits more for the years after 2038; see ext4_encode_extra_time.
        int extra = inode.nanos << 2 | (int) (inode.seconds - seconds >> 32 & 3);
        raw.putShort(0x00, (short) (inode.type().bits | inode.permissions));
        raw.putShort(0x02, (short) inode.uid).putShort(0x78, (short) (inode.uid >>> 16));
        raw.putShort(0x18, (short) inode.gid).putShort(0x7A, (short) (inode.gid >>> 16));
        raw.putInt(0x04, (int) inode.size).putInt(0x6C, (int) (inode.size >>> 32));
        raw.putInt(0x08, seconds).putInt(0x0C, seconds).putInt(0x10, seconds);
        raw.putShort(0x1A, (short) inode.links);
        raw.putInt(0x1C, (int) sectors).putShort(0x74, (short) (sectors >>> 32));
        raw.putInt(0x20, flags);
        raw.putShort(0x80, (short) 32);
        raw.putInt(0x84, extra).putInt(0x88, extra).putInt(0x8C, extra);
        raw.putInt(0x90, seconds).putInt(0x94, extra);
    }

    private void writeGroups(int lastInode, int[] directories) throws IOException {
        long freeBlocks = 0;
        int freeInodes = 0;
        int perGroup = geometry.inodesPerGroup;
        for (int group = 0; group < geometry.groups; group++) {
            int used = Math.clamp(lastInode - (long) group * perGroup, 0, perGroup);
            int free = map.freeIn(group);
            ByteBuffer inodes = ByteBuffer.allocate(Geometry.BLOCK);
            for (int bit = 0; bit < Geometry.BLOCK * 8; bit++) {
                if (bit < used || bit >= perGroup) {
                    inodes.put(bit / 8, (byte) (inodes.get(bit / 8) | 1 << bit % 8));
                }
            }
            ByteBuffer blocks = map.bitmap(group);
            Geometry.write(
                    channel,
                    geometry.blockBitmap(group) * Geometry.BLOCK,
                    blocks.duplicate().clear());
            Geometry.write(
                    channel,
                    geometry.inodeBitmap(group) * Geometry.BLOCK,
                    inodes.duplicate().clear());
            geometry.describe(group, free, perGroup - used, directories[group], perGroup - used, 0);
            geometry.bitmapChecksums(group, blocks.clear(), inodes.clear());
            freeBlocks += free;
            freeInodes += perGroup - used;
        }
        geometry.writeTo(channel, freeBlocks, freeInodes, System.currentTimeMillis() / 1000);
    }

    /** What was overwritten by a later layer takes up no space on the host. */
    private void punch() throws IOException {
        List<long[]> ranges = new ArrayList<>();
        for (int[] range : given) {
            for (int block = range[0]; block < range[0] + range[1]; block++) {
                if (!map.isTaken(block)) {
                    long at = (long) block * Geometry.BLOCK;
                    long[] before = ranges.isEmpty() ? null : ranges.getLast();
                    if (before != null && before[1] == at) {
                        before[1] = at + Geometry.BLOCK;
                    } else {
                        ranges.add(new long[] {at, at + Geometry.BLOCK});
                    }
                }
            }
        }
        SparseFile.punch(file, ranges);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
