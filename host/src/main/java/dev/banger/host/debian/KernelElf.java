package dev.banger.host.debian;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is looked at in an uncompressed kernel before a VM is to boot it. The file may be anybody's. */
final class KernelElf {
    private static final byte[] MAGIC = {0x7f, 'E', 'L', 'F'};
    private static final int ELF_HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final int CLASS_64_LITTLE_ENDIAN = 0x0102;
    private static final int X86_64 = 62;
    private static final int PT_NOTE = 4;
    private static final int LARGEST_NOTES = 1 << 20;
    /** XEN_ELFNOTE_PHYS32_ENTRY of include/xen/interface/elfnote.h: where a VMM enters by PVH. */
    private static final int PVH_ENTRY = 18;
    /** linux_banner in init/version.c. */
    private static final Pattern BANNER = Pattern.compile("Linux version ([0-9][A-Za-z0-9.+~_-]{0,63}) ");

    private static final int LONGEST_BANNER = 256;

    private KernelElf() {}

    static boolean isElf(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
        } catch (IOException e) {
            throw DiskFailure.of("cannot read " + file, file, e);
        }
    }

    /**
     * The release of a kernel that VMs can boot, as {@code uname -r} prints it.
     *
     * @param name what messages call the file
     */
    static String release(Path vmlinux, String name) {
        try (FileChannel file = FileChannel.open(vmlinux)) {
            checkBootable(file, name);
            return banner(file, name);
        } catch (IOException e) {
            throw DiskFailure.of("cannot read " + vmlinux, vmlinux, e);
        }
    }

    private static void checkBootable(FileChannel file, String name) throws IOException {
        ByteBuffer header = at(file, 0, ELF_HEADER);
        if (header.remaining() < ELF_HEADER
                || header.getInt(0)
                        != ByteBuffer.wrap(MAGIC).order(ByteOrder.LITTLE_ENDIAN).getInt()) {
            throw unusable(name, "it is neither an ELF file nor a bzImage");
        }
        if (header.getShort(4) != CLASS_64_LITTLE_ENDIAN || header.getShort(18) != X86_64) {
            throw unusable(name, "it is not one for x86-64");
        }
        long offset = header.getLong(32);
        int size = Short.toUnsignedInt(header.getShort(54));
        int count = Short.toUnsignedInt(header.getShort(56));
        for (int i = 0; i < count && size >= PROGRAM_HEADER && offset > 0; i++) {
            ByteBuffer segment = at(file, offset + (long) i * size, PROGRAM_HEADER);
            if (segment.remaining() == PROGRAM_HEADER
                    && segment.getInt(0) == PT_NOTE
                    && hasPvhEntry(at(file, segment.getLong(8), Math.clamp(segment.getLong(32), 0, LARGEST_NOTES)))) {
                return;
            }
        }
        throw unusable(name, "it has no PVH entry, by which VMs start; build it with CONFIG_PVH=y");
    }

    /** Notes as elf(5) has them: the sizes of name and content, a type, then both, each padded to 4 bytes. */
    private static boolean hasPvhEntry(ByteBuffer notes) {
        while (notes.remaining() >= 12) {
            long nameSize = Integer.toUnsignedLong(notes.getInt());
            long contentSize = Integer.toUnsignedLong(notes.getInt());
            int type = notes.getInt();
            long rest = (nameSize + 3 & ~3L) + (contentSize + 3 & ~3L);
            if (rest > notes.remaining()) {
                return false;
            }
            if (type == PVH_ENTRY && nameSize == 4 && notes.getInt(notes.position()) == 0x006e6558) { // "Xen"
                return true;
            }
            notes.position(notes.position() + (int) rest);
        }
        return false;
    }

    /** What there is of {@code count} bytes. */
    private static ByteBuffer at(FileChannel file, long position, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        if (position >= 0) {
            while (bytes.hasRemaining() && file.read(bytes, position + bytes.position()) > 0) {
                // until it is full, or the file at its end
            }
        }
        return bytes.flip();
    }

    /** Read in pieces, each with the end of the one before, so that one that lies across is found. */
    private static String banner(FileChannel file, String name) throws IOException {
        int piece = 1 << 20;
        for (long position = 0; position < file.size(); position += piece) {
            ByteBuffer bytes = at(file, position, piece + LONGEST_BANNER);
            Matcher banner = BANNER.matcher(StandardCharsets.ISO_8859_1.decode(bytes));
            if (banner.find()) {
                return banner.group(1);
            }
        }
        throw unusable(name, "it does not say which version it is");
    }

    private static BangerException unusable(String name, String why) {
        return new BangerException(ErrorCode.DATA_CORRUPT, name + " is no Linux kernel that VMs can boot: " + why);
    }
}
