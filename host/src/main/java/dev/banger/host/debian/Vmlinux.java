package dev.banger.host.debian;

import com.github.luben.zstd.ZstdInputStream;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * Takes the ELF kernel out of a bzImage. Where the compressed payload lies is told by the boot protocol's fields
 * payload_offset and payload_length (Linux, Documentation/arch/x86/boot.rst, since protocol 2.08); what it is
 * compressed with by its first bytes. All but gzip are followed by the uncompressed size in 4 bytes (size_append in
 * scripts/Makefile.lib).
 */
final class Vmlinux {
    private static final int SETUP_SECTS = 0x1f1;
    private static final int HEADER_MAGIC = 0x202;
    private static final int VERSION = 0x206;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int SECTOR = 512;
    private static final int HDRS = 0x53726448;
    private static final int ELF = 0x464c457f;
    private static final int LZ4_LEGACY = 0x184c2102;
    /** Far above any kernel, far below what would hurt. */
    private static final int LARGEST = 512 * 1024 * 1024;

    private Vmlinux() {}

    static void unpack(Path vmlinuz, Path vmlinux) {
        try {
            byte[] image = Files.readAllBytes(vmlinuz);
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(vmlinux), 1 << 16)) {
                unpack(image, out);
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot unpack " + vmlinuz + " to " + vmlinux, vmlinux, e);
        }
    }

    static void unpack(byte[] image, OutputStream out) throws IOException {
        ByteBuffer payload = payload(image);
        ByteBuffer start = payload.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int magic = start.getInt(0);
        byte[] body = new byte[payload.remaining() - 4];
        payload.get(body);
        int size = payload.order(ByteOrder.LITTLE_ENDIAN).getInt();
        CheckedElf elf = new CheckedElf(out);
        if ((magic & 0xffff) == 0x8b1f) {
            // gzip ends with the size itself: the four bytes are part of it.
            byte[] whole = Arrays.copyOf(body, body.length + 4);
            ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).putInt(body.length, size);
            elf.copy(new GZIPInputStream(new ByteArrayInputStream(whole)));
        } else if (magic == LZ4_LEGACY) {
            unpackLz4(body, elf);
        } else if (magic == 0x587a37fd) {
            elf.copy(new SingleXZInputStream(new ByteArrayInputStream(body)));
        } else if (magic == 0xfd2fb528) {
            elf.copy(new ZstdInputStream(new ByteArrayInputStream(body)));
        } else if ((magic & 0xffffff) == 0x5d) {
            elf.copy(new LZMAInputStream(new ByteArrayInputStream(body)));
        } else {
            throw corrupt("is compressed in a way banger does not know (it begins with "
                    + Integer.toHexString(Integer.reverseBytes(magic)) + ")");
        }
        if (elf.written != Integer.toUnsignedLong(size)) {
            throw corrupt("unpacks to " + elf.written + " bytes where its header says " + Integer.toUnsignedLong(size));
        }
    }

    private static ByteBuffer payload(byte[] image) {
        ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        if (image.length < PAYLOAD_LENGTH + 4 || header.getInt(HEADER_MAGIC) != HDRS) {
            throw corrupt("has no x86 boot header");
        }
        if (header.getShort(VERSION) < 0x208) {
            throw corrupt("has a boot protocol older than 2.08");
        }
        int setupSectors = Byte.toUnsignedInt(header.get(SETUP_SECTS));
        long offset = (long) ((setupSectors == 0 ? 4 : setupSectors) + 1) * SECTOR
                + Integer.toUnsignedLong(header.getInt(PAYLOAD_OFFSET));
        long length = Integer.toUnsignedLong(header.getInt(PAYLOAD_LENGTH));
        if (length < 8 || offset + length > image.length) {
            throw corrupt("is cut short");
        }
        return header.slice((int) offset, (int) length);
    }

    /** The format of {@code lz4 -l}: a magic number, then blocks of a size in 4 bytes and an LZ4 block each. */
    private static void unpackLz4(byte[] body, CheckedElf elf) throws IOException {
        ByteBuffer blocks = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
        blocks.position(4);
        while (blocks.remaining() > 4) {
            int size = blocks.getInt();
            if (size <= 0 || size > blocks.remaining()) {
                throw corrupt("has a damaged LZ4 block");
            }
            elf.copy(new BlockLZ4CompressorInputStream(new ByteArrayInputStream(body, blocks.position(), size)));
            blocks.position(blocks.position() + size);
        }
    }

    private static BangerException corrupt(String what) {
        return new BangerException(ErrorCode.DATA_CORRUPT, "the kernel image " + what);
    }

    /** Passes bytes on, as long as they are an ELF file of a credible size. */
    private static final class CheckedElf {
        private final OutputStream out;
        private long written;

        CheckedElf(OutputStream out) {
            this.out = out;
        }

        void copy(InputStream stream) throws IOException {
            try (InputStream in = stream) {
                byte[] buffer = new byte[1 << 16];
                int n = in.readNBytes(buffer, 0, buffer.length);
                while (n > 0) {
                    if (written == 0
                            && (n < 4
                                    || ByteBuffer.wrap(buffer)
                                                    .order(ByteOrder.LITTLE_ENDIAN)
                                                    .getInt()
                                            != ELF)) {
                        throw corrupt("does not hold an ELF file");
                    }
                    written += n;
                    if (written > LARGEST) {
                        throw corrupt("unpacks to more than " + LARGEST + " bytes");
                    }
                    out.write(buffer, 0, n);
                    n = in.readNBytes(buffer, 0, buffer.length);
                }
            }
        }
    }
}
