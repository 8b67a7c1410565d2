package dev.banger.host.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of an unmounted ext4 file system, read without root and without a program: Documentation/filesystems/ext4 of the kernel. A
 * guest may have written every byte of it, so nothing of it is believed: numbers are checked before they are used, what is
 * nested has a deepest level, and what could go round in circles is counted; damage is an IOException. Reads what
 * {@link Ext4#make} and kernels on top of it write: files in extents, no data in inodes. Used by one thread.
 */
public final class Ext4Files implements AutoCloseable {
    private static final int SUPERBLOCK = 1024;
    private static final int MAGIC = 0xef53;
    private static final int EXTENTS_MAGIC = 0xf30a;
    private static final int ROOT = 2;
    private static final int FEATURE_META_BG = 0x10;
    private static final int FEATURE_64BIT = 0x80;
    private static final int FLAG_EXTENTS = 0x80000;
    private static final int BLOCK_MAP = 60;
    private static final int INITIALISED = 32768;
    private static final int DEEPEST = 5;
    private static final int MOST_EXTENTS = 1 << 20;
    private static final int MOST_FILES = 1 << 23;
    private static final long LARGEST_DIRECTORY = 1L << 30;
    private static final int LONGEST_PATH = 8192;
    private static final int SYMLINK_LIMIT = 40;
    private static final int CHUNK = 1 << 20;

    private final FileChannel channel;
    private final int blockBytes;
    private final long blocks;
    private final long inodes;
    private final long inodesPerGroup;
    private final int inodeBytes;
    private final int descriptorBytes;
    private final long descriptors;

    private Ext4Files(FileChannel channel) throws IOException {
        this.channel = channel;
        ByteBuffer head = read(SUPERBLOCK, 1024);
        if ((head.getShort(0x38) & 0xffff) != MAGIC) {
            throw new IOException("it holds no ext4 file system");
        }
        int shift = head.getInt(0x18);
        int incompatible = head.getInt(0x60);
        blockBytes = 1024 << Math.clamp(shift, 0, 6);
        long high = (incompatible & FEATURE_64BIT) == 0 ? 0 : unsigned(head.getInt(0x150)) << 32;
        blocks = high | unsigned(head.getInt(0x4));
        inodes = unsigned(head.getInt(0x0));
        inodesPerGroup = unsigned(head.getInt(0x28));
        inodeBytes = head.getInt(0x4c) == 0 ? 128 : head.getShort(0x58) & 0xffff;
        descriptorBytes = (incompatible & FEATURE_64BIT) == 0 ? 32 : head.getShort(0xfe) & 0xffff;
        descriptors = (unsigned(head.getInt(0x14)) + 1) * blockBytes;
        boolean sane = shift >= 0
                && shift <= 6
                && inodesPerGroup > 0
                && inodeBytes >= 128
                && inodeBytes <= blockBytes
                && descriptorBytes >= 32
                && descriptorBytes <= blockBytes;
        if (!sane) {
            throw damaged("its superblock");
        }
        if ((incompatible & FEATURE_META_BG) != 0) {
            throw new IOException("its block group descriptors lie where banger does not look (meta_bg)");
        }
    }

    /** Whoever opens it closes it. */
    public static Ext4Files open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            return new Ext4Files(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Whether a file looks like an ext2, ext3 or ext4 file system. */
    public static boolean isOne(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer magic = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
            return channel.read(magic, SUPERBLOCK + 0x38) == 2 && (magic.getShort(0) & 0xffff) == MAGIC;
        }
    }

    /** What an inode says of a file. */
    public static final class Node {
        private final long inode;
        private final int mode;
        private final long owner;
        private final long group;
        private final long size;
        private final int flags;
        private final byte[] map;

        private Node(long inode, ByteBuffer raw) {
            this.inode = inode;
            mode = raw.getShort(0) & 0xffff;
            owner = raw.getShort(0x2) & 0xffffL | (raw.getShort(0x78) & 0xffffL) << 16;
            group = raw.getShort(0x18) & 0xffffL | (raw.getShort(0x7a) & 0xffffL) << 16;
            size = unsigned(raw.getInt(0x4)) | unsigned(raw.getInt(0x6c)) << 32;
            flags = raw.getInt(0x20);
            map = new byte[BLOCK_MAP];
            raw.get(0x28, map);
        }

        public boolean isDirectory() {
            return (mode & 0xf000) == 0x4000;
        }

        public boolean isFile() {
            return (mode & 0xf000) == 0x8000;
        }

        public boolean isLink() {
            return (mode & 0xf000) == 0xa000;
        }

        private boolean isDevice() {
            return (mode & 0xf000) == 0x2000 || (mode & 0xf000) == 0x6000;
        }

        /** Type and permissions, as stat(2) has them. */
        public int mode() {
            return mode;
        }

        public long owner() {
            return owner;
        }

        public long group() {
            return group;
        }

        public long size() {
            return size;
        }

        private boolean hasExtents() {
            return (flags & FLAG_EXTENTS) != 0;
        }
    }

    /** Blocks of a file that follow each other on the disk. */
    private record Extent(long first, long count, long place) {}

    private static long unsigned(int value) {
        return value & 0xffffffffL;
    }

    private static IOException damaged(String what) {
        return new IOException("the file system is damaged: " + what + " makes no sense");
    }

    private ByteBuffer read(long at, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        read(at, buffer);
        return buffer.flip();
    }

    private void read(long at, ByteBuffer buffer) throws IOException {
        long from = at;
        while (buffer.hasRemaining()) {
            int got = channel.read(buffer, from);
            if (got < 0) {
                throw new IOException("the file system is damaged: it goes on beyond the end of its file");
            }
            from += got;
        }
    }

    private ByteBuffer block(long number) throws IOException {
        if (number <= 0 || number >= blocks) {
            throw damaged("the number of a block");
        }
        return read(number * blockBytes, blockBytes);
    }

    private Node node(long inode) throws IOException {
        if (inode < 1 || inode > inodes) {
            throw damaged("the number of an inode");
        }
        long group = (inode - 1) / inodesPerGroup;
        ByteBuffer descriptor = read(descriptors + group * descriptorBytes, descriptorBytes);
        long table = unsigned(descriptor.getInt(0x8));
        if (descriptorBytes >= 64) {
            table |= unsigned(descriptor.getInt(0x28)) << 32;
        }
        if (table <= 0 || table >= blocks) {
            throw damaged("the place of inodes");
        }
        return new Node(inode, read(table * blockBytes + (inode - 1) % inodesPerGroup * inodeBytes, 128));
    }

    private List<Extent> extents(Node node) throws IOException {
        if (!node.hasExtents()) {
            if (node.size == 0) {
                return List.of();
            }
            throw new IOException("a file in it is not in extents, as ext2 and ext3 have them");
        }
        List<Extent> found = new ArrayList<>();
        collect(ByteBuffer.wrap(node.map).order(ByteOrder.LITTLE_ENDIAN), DEEPEST, found, new int[1]);
        return found;
    }

    private void collect(ByteBuffer tree, int deepest, List<Extent> found, int[] seen) throws IOException {
        int entries = tree.getShort(2) & 0xffff;
        int depth = tree.getShort(6) & 0xffff;
        if ((tree.getShort(0) & 0xffff) != EXTENTS_MAGIC || depth > deepest || (entries + 1) * 12 > tree.limit()) {
            throw damaged("a file's list of blocks");
        }
        for (int at = 12; at <= entries * 12; at += 12) {
            if (++seen[0] > MOST_EXTENTS) {
                throw damaged("the number of a file's blocks");
            }
            if (depth > 0) {
                long below = unsigned(tree.getInt(at + 4)) | (tree.getShort(at + 8) & 0xffffL) << 32;
                collect(block(below), depth - 1, found, seen);
                continue;
            }
            int length = tree.getShort(at + 4) & 0xffff;
            long place = unsigned(tree.getInt(at + 8)) | (tree.getShort(at + 6) & 0xffffL) << 32;
            if (length > INITIALISED) {
                continue; // allocated, not written yet: it reads as zeros, as a hole does
            }
            if (place <= 0 || place + length > blocks) {
                throw damaged("the place of a file's blocks");
            }
            found.add(new Extent(unsigned(tree.getInt(at)), length, place));
        }
    }

    /** The start of what is in a file or symbolic link, at most {@code limit} bytes. */
    public byte[] content(Node node, int limit) throws IOException {
        if (node.size < 0) {
            throw damaged("the size of a file");
        }
        int bytes = (int) Math.min(node.size, limit);
        if (node.isLink() && !node.hasExtents()) {
            return Arrays.copyOf(node.map, Math.min(bytes, BLOCK_MAP));
        }
        ByteBuffer content = ByteBuffer.allocate(bytes);
        for (Extent extent : extents(node)) {
            long from = extent.first() * blockBytes;
            if (from < bytes) {
                int count = (int) Math.min(bytes - from, extent.count() * blockBytes);
                read(extent.place() * blockBytes, content.slice((int) from, count));
            }
        }
        return content.array();
    }

    private Map<String, Long> entries(Node directory) throws IOException {
        if (directory.size < 0 || directory.size > LARGEST_DIRECTORY) {
            throw damaged("the size of a directory");
        }
        ByteBuffer content =
                ByteBuffer.wrap(content(directory, (int) directory.size)).order(ByteOrder.LITTLE_ENDIAN);
        Map<String, Long> found = new LinkedHashMap<>();
        for (int at = 0; at + 12 <= content.limit(); ) {
            int length = content.getShort(at + 4) & 0xffff;
            int name = content.get(at + 6) & 0xff;
            long inode = unsigned(content.getInt(at));
            if (length < 8 || at + length > content.limit() || inode != 0 && 8 + name > length) {
                throw damaged("a directory");
            }
            if (inode != 0) {
                String text = new String(content.array(), at + 8, name, StandardCharsets.UTF_8);
                if (text.isEmpty() || text.indexOf('/') >= 0 || text.indexOf(0) >= 0) {
                    throw damaged("a name");
                }
                found.put(text, inode);
            }
            at += length;
        }
        return found;
    }

    /** All files by their paths, which begin with a slash; what a repair of the file system found is left out. */
    public SortedMap<String, Node> all() throws IOException {
        SortedMap<String, Node> found = new TreeMap<>();
        Set<Long> directories = new HashSet<>(Set.of((long) ROOT));
        record Directory(String path, Node node) {}
        Deque<Directory> rest = new ArrayDeque<>(List.of(new Directory("", node(ROOT))));
        found.put("/", node(ROOT));
        while (!rest.isEmpty()) {
            Directory at = rest.pop();
            for (Map.Entry<String, Long> entry : entries(at.node()).entrySet()) {
                String name = entry.getKey();
                String path = at.path() + "/" + name;
                if (name.equals(".") || name.equals("..") || path.equals("/lost+found")) {
                    continue;
                }
                Node node = node(entry.getValue());
                if (node.isDirectory()) {
                    if (!directories.add(node.inode) || path.length() > LONGEST_PATH) {
                        throw damaged("a directory in a directory");
                    }
                    rest.push(new Directory(path, node));
                }
                found.put(path, node);
                if (found.size() > MOST_FILES) {
                    throw damaged("the number of files");
                }
            }
        }
        return found;
    }

    /** What a path leads to; symbolic links are followed as the guest will follow them. */
    public Optional<Node> find(String path) throws IOException {
        Deque<String> rest = new ArrayDeque<>(List.of(path.split("/")));
        Deque<Node> above = new ArrayDeque<>(List.of(node(ROOT)));
        int links = 0;
        while (!rest.isEmpty()) {
            String name = rest.pop();
            Node directory = above.peek();
            if (name.isEmpty() || name.equals(".") || directory == null) {
                continue;
            }
            if (name.equals("..")) {
                if (above.size() > 1) {
                    above.pop();
                }
                continue;
            }
            Long inode = directory.isDirectory() ? entries(directory).get(name) : null;
            if (inode == null || above.size() > LONGEST_PATH) {
                return Optional.empty();
            }
            Node next = node(inode);
            if (!next.isLink()) {
                above.push(next);
            } else if (++links > SYMLINK_LIMIT) {
                return Optional.empty();
            } else {
                String target = new String(content(next, 4096), StandardCharsets.UTF_8);
                List.of(target.split("/")).reversed().forEach(rest::push);
                while (target.startsWith("/") && above.size() > 1) {
                    above.pop();
                }
            }
        }
        return Optional.ofNullable(above.peek());
    }

    /** Whether the root has an init of its own. */
    public boolean hasInit() throws IOException {
        for (String init : RootTree.INITS) {
            if (find(init).filter(Node::isFile).isPresent()) {
                return true;
            }
        }
        return false;
    }

    /** Whether two files of the same size and type, of this file system and of another one, have the same in them. */
    public boolean sameContent(Node mine, Ext4Files other, Node others) throws IOException {
        if (mine.isDevice()) {
            return Arrays.equals(mine.map, others.map);
        }
        if (mine.isLink()) {
            return Arrays.equals(content(mine, 4096), other.content(others, 4096));
        }
        if (!mine.isFile()) {
            return true;
        }
        List<Extent> here = extents(mine);
        List<Extent> there = other.extents(others);
        // Each one's data is compared with what the other has there, so that nothing is read where both have holes.
        return here.equals(there) && blockBytes == other.blockBytes
                ? sameAt(mine.size, here, other, there)
                : sameAt(mine.size, here, other, there) && other.sameAt(mine.size, there, this, here);
    }

    private boolean sameAt(long size, List<Extent> mine, Ext4Files other, List<Extent> others) throws IOException {
        for (Extent extent : mine) {
            long from = extent.first() * blockBytes;
            long end = Math.min(size, from + extent.count() * blockBytes);
            for (long at = from; at < end; at += CHUNK) {
                int count = (int) Math.min(CHUNK, end - at);
                ByteBuffer here = read(extent.place() * blockBytes + at - from, count);
                if (!here.equals(other.part(others, at, count))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** A part of a file whose extents these are. */
    private ByteBuffer part(List<Extent> extents, long from, int count) throws IOException {
        ByteBuffer part = ByteBuffer.allocate(count);
        for (Extent extent : extents) {
            long start = Math.max(from, extent.first() * blockBytes);
            long end = Math.min(from + count, (extent.first() + extent.count()) * blockBytes);
            if (start < end) {
                read(
                        extent.place() * blockBytes + start - extent.first() * blockBytes,
                        part.slice((int) (start - from), (int) (end - start)));
            }
        }
        return part;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
