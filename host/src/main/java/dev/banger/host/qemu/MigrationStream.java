package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;

/**
 * Takes QEMU's migration stream apart (QEMU: docs/devel/migration.rst, migration/ram.c): the guest's pages go to a file, each at
 * its address, everything else to a second stream. QEMU loads that one in a moment and finds the pages in the file, which it has
 * mapped as its memory. A receiving QEMU would do the same, but it takes several times as long: it also touches every page
 * that is zero.
 *
 * <p>All numbers are big-endian. Not thread-safe; used once.
 */
final class MigrationStream {
    private static final int MAGIC = 0x5145564d; // "QEVM"
    private static final int VERSION = 3;
    private static final int SECTION_START = 0x01;
    private static final int SECTION_PART = 0x02;
    private static final int SECTION_END = 0x03;
    private static final int SECTION_FOOTER = 0x7e;
    /** What begins the section of the memory, after its number: its name, instance 0, version 4. */
    private static final byte[] RAM = {3, 'r', 'a', 'm', 0, 0, 0, 0, 0, 0, 0, 4};

    private static final int LONGEST_PREAMBLE = 64 * 1024;

    static final int PAGE = 4096;
    private static final int ZERO_PAGE = 0x02;
    private static final int MEMORY_SIZE = 0x04;
    private static final int WHOLE_PAGE = 0x08;
    private static final int END_OF_PART = 0x10;
    private static final int SAME_BLOCK = 0x20;

    /** Pages that follow one another are written together. */
    private static final int RUN = 256 * PAGE;

    private final ReadableByteChannel in;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20).limit(0);
    private final DataOutputStream rest;
    private final FileChannel memory;
    private final long memoryBytes;
    private final String memoryBlock;
    private final ByteBuffer run = ByteBuffer.allocateDirect(RUN);
    private long runStart;
    private String block = "";

    private MigrationStream(
            ReadableByteChannel in, FileChannel memory, long memoryBytes, String memoryBlock, OutputStream rest) {
        this.in = in;
        this.memory = memory;
        this.memoryBytes = memoryBytes;
        this.memoryBlock = memoryBlock;
        this.rest = new DataOutputStream(rest);
    }

    /**
     * Reads a stream to its end.
     *
     * @param in the stream
     * @param memory an empty file; afterwards {@code memoryBytes} long, with holes where pages are zero
     * @param memoryBlock QEMU's name of the guest's memory
     * @param rest everything else
     */
    static void split(
            ReadableByteChannel in, FileChannel memory, long memoryBytes, String memoryBlock, OutputStream rest)
            throws IOException {
        new MigrationStream(in, memory, memoryBytes, memoryBlock, rest).split();
    }

    private void split() throws IOException {
        try {
            if (int32() != MAGIC || int32() != VERSION) {
                throw broken("it does not begin as one");
            }
            rest.writeInt(MAGIC);
            rest.writeInt(VERSION);
            int section = preamble();
            ram(section);
            rest();
        } catch (EOFException e) {
            throw new BangerException(ErrorCode.VMM_FAILED, "QEMU ended its saved state before it was complete", e);
        }
        run.flip();
        flush();
        if (memory.size() < memoryBytes) {
            memory.write(ByteBuffer.allocate(1), memoryBytes - 1); // the last page is a hole
        }
        rest.flush();
    }

    /** Copies what comes before the memory: the machine's name and what both sides must agree on. @return its section */
    private int preamble() throws IOException {
        ByteBuffer seen = ByteBuffer.allocate(LONGEST_PREAMBLE);
        while (seen.hasRemaining()) {
            byte next = int8();
            seen.put(next);
            rest.writeByte(next);
            int start = seen.position() - RAM.length - 5;
            if (start >= 0 && seen.get(start) == SECTION_START && endsWithRam(seen)) {
                return seen.getInt(start + 1);
            }
        }
        throw broken("it has no memory in it");
    }

    private static boolean endsWithRam(ByteBuffer seen) {
        int from = seen.position() - RAM.length;
        for (int i = 0; i < RAM.length; i++) {
            if (seen.get(from + i) != RAM[i]) {
                return false;
            }
        }
        return true;
    }

    /** The section of the memory comes in parts, and nothing between them. */
    private void ram(int section) throws IOException {
        while (true) {
            records();
            int footer = int8();
            if (footer != SECTION_FOOTER || int32() != section) {
                throw broken("a part of the memory does not end as it should");
            }
            rest.writeByte(footer);
            rest.writeInt(section);
            int next = int8();
            rest.writeByte(next);
            if (next != SECTION_PART && next != SECTION_END) {
                return;
            }
            if (int32() != section) {
                throw broken("between parts of the memory there is something else");
            }
            rest.writeInt(section);
        }
    }

    private void records() throws IOException {
        while (true) {
            long word = int64();
            long address = word & -PAGE;
            int kind = (int) (word & (PAGE - 1));
            switch (kind & ~SAME_BLOCK) {
                case END_OF_PART -> {
                    rest.writeLong(word);
                    return;
                }
                case MEMORY_SIZE -> {
                    rest.writeLong(word);
                    blocks(address);
                }
                case ZERO_PAGE -> {
                    nameBlock(kind);
                    int fill = int8();
                    if (!isMemory()) {
                        writeRecord(address, ZERO_PAGE);
                        rest.writeByte(fill);
                    } else if (fill != 0) {
                        throw broken("a page is filled with something that is not zero");
                    }
                }
                case WHOLE_PAGE -> {
                    nameBlock(kind);
                    if (isMemory()) {
                        page(address);
                    } else {
                        writeRecord(address, WHOLE_PAGE);
                        copy(PAGE);
                    }
                }
                default -> throw broken("it uses a way to send memory that is not known here (" + kind + ")");
            }
        }
    }

    /** The list of memory blocks with their sizes, which together are {@code total}. */
    private void blocks(long total) throws IOException {
        for (long left = total; left > 0; ) {
            int length = Byte.toUnsignedInt(int8());
            byte[] name = bytes(length);
            long size = int64();
            if (size <= 0 || size > left) {
                throw broken("sizes of its memory do not add up");
            }
            if (new String(name, StandardCharsets.UTF_8).equals(memoryBlock) && size != memoryBytes) {
                throw broken("its memory has " + size + " bytes and not " + memoryBytes);
            }
            rest.writeByte(length);
            rest.write(name);
            rest.writeLong(size);
            left -= size;
        }
    }

    private void nameBlock(int kind) throws IOException {
        if ((kind & SAME_BLOCK) == 0) {
            block = new String(bytes(Byte.toUnsignedInt(int8())), StandardCharsets.UTF_8);
        }
    }

    private boolean isMemory() {
        return block.equals(memoryBlock);
    }

    /** Always with the name of its block: the record that named it may have gone to the file. */
    private void writeRecord(long address, int kind) throws IOException {
        rest.writeLong(address | kind);
        byte[] name = block.getBytes(StandardCharsets.UTF_8);
        rest.writeByte(name.length);
        rest.write(name);
    }

    private void page(long address) throws IOException {
        if (address < 0 || address > memoryBytes - PAGE) {
            throw broken("a page lies outside the memory");
        }
        if (run.position() > 0 && (address != runStart + run.position() || !run.hasRemaining())) {
            run.flip();
            flush();
            run.clear();
        }
        if (run.position() == 0) {
            runStart = address;
        }
        need(PAGE);
        ByteBuffer page = buffer.slice(buffer.position(), PAGE);
        run.put(page);
        buffer.position(buffer.position() + PAGE);
    }

    private void flush() throws IOException {
        for (long at = runStart; run.hasRemaining(); ) {
            at += memory.write(run, at);
        }
    }

    /** What comes after the memory, to the end. */
    private void rest() throws IOException {
        byte[] bytes = new byte[64 * 1024];
        do {
            while (buffer.hasRemaining()) {
                int count = Math.min(bytes.length, buffer.remaining());
                buffer.get(bytes, 0, count);
                rest.write(bytes, 0, count);
            }
            buffer.clear();
            int got = in.read(buffer);
            buffer.flip();
            if (got < 0) {
                return;
            }
        } while (true);
    }

    private void copy(int count) throws IOException {
        rest.write(bytes(count));
    }

    private byte[] bytes(int count) throws IOException {
        need(count);
        byte[] bytes = new byte[count];
        buffer.get(bytes);
        return bytes;
    }

    private byte int8() throws IOException {
        need(1);
        return buffer.get();
    }

    private int int32() throws IOException {
        need(4);
        return buffer.getInt();
    }

    private long int64() throws IOException {
        need(8);
        return buffer.getLong();
    }

    private void need(int count) throws IOException {
        if (buffer.remaining() >= count) {
            return;
        }
        buffer.compact();
        while (buffer.position() < count) {
            if (in.read(buffer) < 0) {
                throw new EOFException();
            }
        }
        buffer.flip();
    }

    private static BangerException broken(String why) {
        return new BangerException(
                ErrorCode.VMM_FAILED,
                "QEMU's saved state cannot be read: " + why + "; is this QEMU newer than banger?");
    }
}
