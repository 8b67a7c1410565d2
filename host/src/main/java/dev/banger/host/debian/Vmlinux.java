package dev.banger.host.debian;

import com.github.luben.zstd.ZstdInputStream;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.apache.commons.io.input.BoundedInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * Takes the ELF kernel out of a bzImage. Where the compressed payload lies is told by the boot protocol's fields
 * payload_offset and payload_length (Linux, Documentation/arch/x86/boot.rst, since protocol 2.08); what it is
 * compressed with by its first bytes. All but gzip are followed by the uncompressed size in 4 bytes (size_append in
 * scripts/Makefile.lib). The file may be anybody's: it is read as a stream, and neither it nor a dictionary that it asks for
 * takes more memory than a daemon has.
 */
final class Vmlinux {
    private static final int SETUP_SECTS = 0x1f1;
    private static final int HEADER_MAGIC = 0x202;
    private static final int VERSION = 0x206;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int HEADER_END = PAYLOAD_LENGTH + 4;
    private static final int SECTOR = 512;
    private static final int HDRS = 0x53726448;
    private static final int ELF = 0x464c457f;
    private static final int LZ4_LEGACY = 0x184c2102;
    private static final int LZO = 0x4f5a4c89;

    /** {@code lz4 -l} compresses 8 MiB at a time; incompressible, they grow by a 255th (LZ4_COMPRESSBOUND). */
    private static final int LARGEST_LZ4_BLOCK = (8 << 20) + (8 << 20) / 255 + 16;
    /** xz of kernels has dictionaries of 32 MiB at most (scripts/xz_wrap.sh); they are on the heap. */
    private static final int MOST_DICTIONARY_KIB = 80 << 10;
    /** Far above any kernel, far below what would hurt. */
    private static final int LARGEST = 512 * 1024 * 1024;

    private final String name;
    private final SeekableByteChannel image;
    private final CheckedElf elf;

    private Vmlinux(String name, SeekableByteChannel image, OutputStream out) {
        this.name = name;
        this.image = image;
        elf = new CheckedElf(out);
    }

    /** Fails with DATA_CORRUPT for what is no such kernel, or is damaged. */
    static void unpack(Path vmlinuz, Path vmlinux) {
        try (SeekableByteChannel image = Files.newByteChannel(vmlinuz);
                OutputStream out = new BufferedOutputStream(Files.newOutputStream(vmlinux), 1 << 16)) {
            unpack(vmlinuz.toString(), image, out);
        } catch (IOException e) {
            throw DiskFailure.of("cannot unpack " + vmlinuz + " to " + vmlinux, vmlinux, e);
        }
    }

    static void unpack(String name, SeekableByteChannel image, OutputStream out) throws IOException {
        new Vmlinux(name, image, out).unpack();
    }

    private void unpack() throws IOException {
        Payload payload = payload();
        int magic = at(payload.offset, 4).getInt();
        long size = Integer.toUnsignedLong(
                at(payload.offset + payload.length - 4, 4).getInt());
        // gzip ends with the size itself: the four bytes are part of it.
        boolean gzip = (magic & 0xffff) == 0x8b1f;
        InputStream body = stream(payload.offset, gzip ? payload.length : payload.length - 4);
        if (gzip) {
            elf.copy(() -> new GZIPInputStream(body));
        } else if (magic == LZ4_LEGACY) {
            unpackLz4(payload);
        } else if (magic == 0x587a37fd) {
            elf.copy(() -> new SingleXZInputStream(body, MOST_DICTIONARY_KIB));
        } else if (magic == 0xfd2fb528) {
            elf.copy(() -> new ZstdInputStream(body));
        } else if ((magic & 0xffffff) == 0x685a42) {
            elf.copy(() -> new BZip2CompressorInputStream(body));
        } else if ((magic & 0xffffff) == 0x5d) {
            elf.copy(() -> new LZMAInputStream(body, MOST_DICTIONARY_KIB));
        } else if (magic == LZO) {
            throw corrupt("is compressed with LZO, which banger cannot unpack; take the vmlinux of its build", null);
        } else {
            throw corrupt(
                    "is compressed in a way banger does not know (it begins with "
                            + Integer.toHexString(Integer.reverseBytes(magic)) + ")",
                    null);
        }
        if (elf.written != size) {
            throw corrupt("unpacks to " + elf.written + " bytes where its header says " + size, null);
        }
    }

    private record Payload(long offset, long length) {}

    private Payload payload() throws IOException {
        if (image.size() < HEADER_END || at(HEADER_MAGIC, 4).getInt() != HDRS) {
            throw corrupt("has no x86 boot header: it is no bzImage", null);
        }
        ByteBuffer header = at(0, HEADER_END);
        if (header.getShort(VERSION) < 0x208) {
            throw corrupt("has a boot protocol older than 2.08", null);
        }
        int setupSectors = Byte.toUnsignedInt(header.get(SETUP_SECTS));
        long offset = (long) ((setupSectors == 0 ? 4 : setupSectors) + 1) * SECTOR
                + Integer.toUnsignedLong(header.getInt(PAYLOAD_OFFSET));
        long length = Integer.toUnsignedLong(header.getInt(PAYLOAD_LENGTH));
        if (length < 8 || offset + length > image.size()) {
            throw corrupt("is cut short", null);
        }
        return new Payload(offset, length);
    }

    private ByteBuffer at(long offset, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        image.position(offset);
        while (bytes.hasRemaining()) {
            if (image.read(bytes) < 0) {
                throw corrupt("is cut short", null);
            }
        }
        return bytes.flip();
    }

    private InputStream stream(long offset, long length) throws IOException {
        image.position(offset);
        return BoundedInputStream.builder()
                .setInputStream(new BufferedInputStream(Channels.newInputStream(image), 1 << 16))
                .setMaxCount(length)
                .get();
    }

    /** The format of {@code lz4 -l}: a magic number, then blocks of a size in 4 bytes and an LZ4 block each. */
    private void unpackLz4(Payload payload) throws IOException {
        long position = payload.offset + 4;
        long end = payload.offset + payload.length - 4;
        while (position + 4 < end) {
            int size = at(position, 4).getInt();
            position += 4;
            if (size <= 0 || size > LARGEST_LZ4_BLOCK || size > end - position) {
                throw corrupt("has a damaged LZ4 block", null);
            }
            InputStream block = stream(position, size);
            elf.copy(() -> new BlockLZ4CompressorInputStream(block));
            position += size;
        }
    }

    private BangerException corrupt(String what, @Nullable Exception cause) {
        return new BangerException(ErrorCode.DATA_CORRUPT, "the kernel image " + name + " " + what, cause);
    }

    private interface Decompressor {
        InputStream open() throws IOException;
    }

    /** Passes bytes on, as long as they are an ELF file of a credible size. */
    private final class CheckedElf {
        private final OutputStream out;
        private final byte[] buffer = new byte[1 << 16];
        private long written;

        CheckedElf(OutputStream out) {
            this.out = out;
        }

        void copy(Decompressor decompressor) throws IOException {
            InputStream in = opened(decompressor);
            int n = read(in);
            while (n > 0) {
                if (written == 0
                        && (n < 4
                                || ByteBuffer.wrap(buffer)
                                                .order(ByteOrder.LITTLE_ENDIAN)
                                                .getInt()
                                        != ELF)) {
                    throw corrupt("does not hold an ELF file", null);
                }
                written += n;
                if (written > LARGEST) {
                    throw corrupt("unpacks to more than " + LARGEST + " bytes", null);
                }
                out.write(buffer, 0, n);
                n = read(in);
            }
        }

        private InputStream opened(Decompressor decompressor) {
            try {
                return decompressor.open();
            } catch (IOException | RuntimeException e) {
                throw corrupt("is damaged: " + e.getMessage(), e);
            }
        }

        /** What a decompressor throws at bytes that are none of its format is not always an IOException. */
        private int read(InputStream in) {
            try {
                return in.readNBytes(buffer, 0, buffer.length);
            } catch (IOException | RuntimeException e) {
                throw corrupt("is damaged: " + e.getMessage(), e);
            }
        }
    }
}
