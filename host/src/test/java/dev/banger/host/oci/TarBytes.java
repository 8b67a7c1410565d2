package dev.banger.host.oci;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A tar, byte by byte, so that it can also be one that no tool would write. */
final class TarBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** One entry; what is not said is usual. */
    static final class Entry {
        final String name;
        final char type;
        int mode = 0644;
        long uid;
        long gid;
        long seconds = 1_500_000_000;
        String target = "";
        byte[] data = new byte[0];
        long size = -1;
        int major;
        int minor;
        final Map<String, byte[]> pax = new LinkedHashMap<>();

        Entry(String name, char type) {
            this.name = name;
            this.type = type;
        }

        Entry mode(int mode) {
            this.mode = mode;
            return this;
        }

        Entry owner(long uid, long gid) {
            this.uid = uid;
            this.gid = gid;
            return this;
        }

        Entry at(long seconds) {
            this.seconds = seconds;
            return this;
        }

        Entry to(String target) {
            this.target = target;
            return this;
        }

        Entry data(byte[] data) {
            this.data = data;
            return this;
        }

        /** What the header says, whatever the data are. */
        Entry size(long size) {
            this.size = size;
            return this;
        }

        Entry device(int major, int minor) {
            this.major = major;
            this.minor = minor;
            return this;
        }

        Entry pax(String key, String value) {
            return pax(key, value.getBytes(StandardCharsets.UTF_8));
        }

        Entry pax(String key, byte[] value) {
            pax.put(key, value);
            return this;
        }
    }

    static Entry entry(String name, char type) {
        return new Entry(name, type);
    }

    TarBytes directory(String name) {
        return add(entry(name, '5').mode(0755));
    }

    TarBytes file(String name, String content) {
        return add(entry(name, '0').data(content.getBytes(StandardCharsets.UTF_8)));
    }

    TarBytes symlink(String name, String target) {
        return add(entry(name, '2').to(target));
    }

    TarBytes link(String name, String target) {
        return add(entry(name, '1').to(target));
    }

    TarBytes add(Entry entry) {
        Map<String, byte[]> pax = new LinkedHashMap<>(entry.pax);
        if (bytes(entry.name).length > 100) {
            pax.putIfAbsent("path", bytes(entry.name));
        }
        if (bytes(entry.target).length > 100) {
            pax.putIfAbsent("linkpath", bytes(entry.target));
        }
        if (entry.uid > 07777777) {
            pax.put("uid", bytes(Long.toString(entry.uid)));
        }
        if (entry.gid > 07777777) {
            pax.put("gid", bytes(Long.toString(entry.gid)));
        }
        if (!pax.isEmpty()) {
            ByteArrayOutputStream records = new ByteArrayOutputStream();
            pax.forEach((key, value) -> {
                int rest = bytes(key).length + value.length + 3;
                int length = rest
                        + Integer.toString(rest + Integer.toString(rest).length())
                                .length();
                records.writeBytes(bytes(length + " " + key + "="));
                records.writeBytes(value);
                records.write('\n');
            });
            raw(header(entry("pax", 'x').size(records.size())));
            data(records.toByteArray());
        }
        raw(header(entry));
        data(entry.data);
        return this;
    }

    TarBytes raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    private void data(byte[] data) {
        raw(data);
        raw(new byte[-data.length & 511]);
    }

    static byte[] header(Entry entry) {
        ByteBuffer header = ByteBuffer.allocate(512);
        text(header, 0, 100, entry.name);
        number(header, 100, 8, entry.mode);
        number(header, 108, 8, Math.min(entry.uid, 07777777));
        number(header, 116, 8, Math.min(entry.gid, 07777777));
        number(header, 124, 12, entry.size < 0 ? entry.data.length : entry.size);
        number(header, 136, 12, entry.seconds);
        header.put(156, (byte) entry.type);
        text(header, 157, 100, entry.target);
        header.put(257, bytes("ustar\0" + "00"));
        number(header, 329, 8, entry.major);
        number(header, 337, 8, entry.minor);
        return sealed(header.array());
    }

    /** With the checksum that the header has to have. */
    static byte[] sealed(byte[] header) {
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte each : header) {
            sum += each & 0xFF;
        }
        ByteBuffer.wrap(header).put(148, bytes(String.format("%06o\0 ", sum)));
        return header;
    }

    private static void number(ByteBuffer header, int at, int length, long value) {
        String octal = Long.toOctalString(value);
        if (value >= 0 && octal.length() < length) {
            header.put(at, bytes("0".repeat(length - 1 - octal.length()) + octal + "\0"));
        } else {
            header.position(at + length - 8).putLong(value);
            header.put(at, (byte) (header.get(at) | 0x80));
        }
    }

    private static void text(ByteBuffer header, int at, int length, String text) {
        byte[] bytes = bytes(text);
        header.put(at, bytes, 0, Math.min(length, bytes.length));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** What there is so far, without an end. */
    byte[] open() {
        return out.toByteArray();
    }

    byte[] done() {
        byte[] bytes = out.toByteArray();
        return Arrays.copyOf(bytes, bytes.length + 1024);
    }
}
