package dev.banger.host.initramfs;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Writes an initramfs archive: cpio's "newc" format, as the kernel reads it (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst). Entries belong to root and have no times, so that equal
 * contents give equal bytes. A directory is written before what is in it. The caller closes the stream.
 */
final class CpioWriter {
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;
    private static final int CHARACTER_DEVICE = 0020000;

    private final OutputStream out;
    private int inode;
    private long written;

    CpioWriter(OutputStream out) {
        this.out = out;
    }

    void directory(String name, int mode) throws IOException {
        entry(name, DIRECTORY | mode, 2, 0, 0, new byte[0]);
    }

    void file(String name, int mode, byte[] content) throws IOException {
        entry(name, REGULAR | mode, 1, 0, 0, content);
    }

    void characterDevice(String name, int mode, int major, int minor) throws IOException {
        entry(name, CHARACTER_DEVICE | mode, 1, major, minor, new byte[0]);
    }

    /** Ends the archive, padded to 512 bytes as cpio does. */
    void end() throws IOException {
        inode = -1;
        entry("TRAILER!!!", 0, 1, 0, 0, new byte[0]);
        pad(512);
        out.flush();
    }

    private void entry(String name, int mode, int links, int major, int minor, byte[] content) throws IOException {
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        inode++;
        int[] fields = {
            inode, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, path.length + 1, 0,
        };
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append(String.format(Locale.ROOT, "%08x", field));
        }
        write(header.toString().getBytes(StandardCharsets.US_ASCII));
        write(path);
        write(new byte[1]);
        pad(4);
        write(content);
        pad(4);
    }

    private void pad(int multiple) throws IOException {
        write(new byte[(int) ((multiple - written % multiple) % multiple)]);
    }

    private void write(byte[] bytes) throws IOException {
        out.write(bytes);
        written += bytes.length;
    }
}
