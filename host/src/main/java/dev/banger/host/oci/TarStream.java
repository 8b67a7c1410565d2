package dev.banger.host.oci;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar whose author is not trusted: ustar, with the extensions of pax and GNU tar (long names, large numbers, sparse
 * files, attributes). No header can make it hold more than a fixed number of bytes. Names are bytes, in strings one
 * character a byte. Used by one thread.
 */
final class TarStream {
    /** What pax headers of one entry may have together; PATH_MAX and an xattr's 64 KiB fit many times. */
    private static final int HEADER_BYTES = 1 << 20;

    private static final int SPARSE_PARTS = 100_000;
    private static final int RECORD = 512;

    /** What is at a name. {@code target}: of links. {@code size}: of a file, its holes included. */
    record Entry(
            char type,
            String name,
            String target,
            int permissions,
            long uid,
            long gid,
            long size,
            long seconds,
            int nanos,
            int major,
            int minor,
            Map<String, byte[]> attributes) {}

    private final InputStream in;
    private final byte[] header = new byte[RECORD];
    private long position;
    /** Bytes of the entry's data that are still in the stream, and the padding behind them. */
    private long stored;

    private int padding;
    private long left;
    private long at;
    /** Pairs of offset and length; empty: the file is not sparse. */
    private long[] parts = new long[0];

    private int part;

    TarStream(InputStream in) {
        this.in = in;
    }

    /** How far the stream has been read: where the data of the entry begin that {@link #next} just gave. */
    long position() {
        return position;
    }

    /** The next entry, whatever is left of the one before; null at the end. */
    @Nullable
    Entry next() throws IOException {
        Map<String, String> pax = new HashMap<>();
        List<long[]> sparse = new ArrayList<>();
        String longName = null;
        String longTarget = null;
        while (true) {
            skip(stored + padding);
            stored = 0;
            padding = 0;
            if (!readHeader()) {
                return null;
            }
            char type = (char) (header[156] & 0xFF);
            long size = number(124, 12);
            if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
                if (size > HEADER_BYTES) {
                    throw new BadArchive("a header of " + size + " bytes");
                }
                byte[] content = new byte[(int) size];
                readFully(content, content.length);
                skip(padding(size));
                switch (type) {
                    case 'x' -> {
                        pax.clear();
                        sparse.clear();
                        parsePax(content, pax, sparse);
                    }
                    case 'L' -> longName = text(content, 0, content.length);
                    case 'K' -> longTarget = text(content, 0, content.length);
                    default -> {} // of the whole archive: nothing in it concerns an image
                }
                continue;
            }
            return entry(type, size, pax, sparse, longName, longTarget);
        }
    }

    private Entry entry(
            char rawType,
            long rawSize,
            Map<String, String> pax,
            List<long[]> sparse,
            @Nullable String longName,
            @Nullable String longTarget)
            throws IOException {
        String name = longName != null ? longName : name();
        name = pax.getOrDefault("path", name);
        String target = longTarget != null ? longTarget : text(header, 157, 100);
        target = pax.getOrDefault("linkpath", target);
        char type = rawType == 0 || rawType == '7' ? '0' : rawType;
        if (type == '0' && name.endsWith("/")) {
            type = '5'; // as before there was a type for directories
        }
        boolean hasData = type == '0' || type == 'S';
        long size = pax.containsKey("size") ? decimal(pax.get("size"), "size") : rawSize;
        if (!hasData) {
            // Some writers give links the size of what they point to, and no data.
            size = type >= '1' && type <= '6' ? 0 : size;
        }
        stored = size;
        padding = padding(size);
        parts = new long[0];
        if (type == 'S') {
            size = oldGnuSparse(sparse);
            type = '0';
        } else if (hasData && pax.containsKey("GNU.sparse.major")) {
            name = pax.getOrDefault("GNU.sparse.name", name);
            size = decimal(pax.get("GNU.sparse.realsize"), "sparse size");
            sparseMapInData(sparse);
        } else if (hasData && pax.containsKey("GNU.sparse.size")) {
            name = pax.getOrDefault("GNU.sparse.name", name);
            size = decimal(pax.get("GNU.sparse.size"), "sparse size");
            if (pax.containsKey("GNU.sparse.map")) {
                sparse.clear();
                String[] numbers = pax.get("GNU.sparse.map").split(",", -1);
                for (int each = 0; each + 1 < numbers.length; each += 2) {
                    add(sparse, decimal(numbers[each], "sparse map"), decimal(numbers[each + 1], "sparse map"));
                }
            }
        }
        begin(size, sparse);
        long[] time = pax.containsKey("mtime") ? time(pax.get("mtime")) : new long[] {number(136, 12), 0};
        Map<String, byte[]> attributes = new HashMap<>();
        pax.forEach((key, value) -> {
            if (key.startsWith("SCHILY.xattr.")) {
                attributes.put(key.substring(13), value.getBytes(StandardCharsets.ISO_8859_1));
            } else if (key.startsWith("LIBARCHIVE.xattr.")) {
                attributes.putIfAbsent(key.substring(17), base64(value));
            }
        });
        return new Entry(
                type,
                name,
                target,
                (int) number(100, 8) & 07777,
                pax.containsKey("uid") ? decimal(pax.get("uid"), "uid") : number(108, 8),
                pax.containsKey("gid") ? decimal(pax.get("gid"), "gid") : number(116, 8),
                size,
                time[0],
                (int) time[1],
                type == '3' || type == '4' ? (int) number(329, 8) : 0,
                type == '3' || type == '4' ? (int) number(337, 8) : 0,
                attributes);
    }

    private void begin(long size, List<long[]> sparse) throws IOException {
        left = size;
        at = 0;
        part = 0;
        if (sparse.isEmpty()) {
            if (stored > 0 && stored != size) {
                throw new BadArchive("a sparse file without a map");
            }
            return;
        }
        parts = new long[sparse.size() * 2];
        long end = 0;
        long data = 0;
        for (int each = 0; each < sparse.size(); each++) {
            long[] next = sparse.get(each);
            if (next[0] < end || next[1] < 0 || next[0] > size - next[1]) {
                throw new BadArchive("a sparse file whose parts overlap or lie beyond its end");
            }
            parts[2 * each] = next[0];
            parts[2 * each + 1] = next[1];
            end = next[0] + next[1];
            data += next[1];
        }
        if (data != stored) {
            throw new BadArchive("a sparse file with " + stored + " bytes of data for parts of " + data);
        }
    }

    /** How many zeros come next in the entry's data; they are passed. */
    long hole() {
        if (parts.length == 0 && (stored > 0 || left == 0)) {
            return 0;
        }
        while (part < parts.length && parts[part] + parts[part + 1] <= at) {
            part += 2;
        }
        long next = part < parts.length ? parts[part] : at + left;
        long zeros = Math.max(0, Math.min(left, next - at));
        at += zeros;
        left -= zeros;
        return zeros;
    }

    /** Reads data of the entry that is no hole. @return how many bytes; -1 at its end or at a hole */
    int read(byte[] buffer) throws IOException {
        long available = left;
        if (parts.length > 0) {
            while (part < parts.length && parts[part] + parts[part + 1] <= at) {
                part += 2;
            }
            available = part < parts.length && parts[part] <= at ? parts[part] + parts[part + 1] - at : 0;
        }
        int wanted = (int) Math.min(buffer.length, Math.min(available, stored));
        if (wanted <= 0) {
            return -1;
        }
        int got = in.read(buffer, 0, wanted);
        if (got <= 0) {
            throw truncated();
        }
        position += got;
        stored -= got;
        left -= got;
        at += got;
        return got;
    }

    private boolean readHeader() throws IOException {
        int got = in.readNBytes(header, 0, RECORD);
        position += got;
        if (got == 0) {
            return false;
        }
        if (got < RECORD) {
            throw truncated();
        }
        int unsigned = 0;
        int signed = 0;
        boolean empty = true;
        for (int index = 0; index < RECORD; index++) {
            byte each = index >= 148 && index < 156 ? (byte) ' ' : header[index];
            unsigned += each & 0xFF;
            signed += each;
            empty &= header[index] == 0;
        }
        if (empty) {
            return false; // one zero record is the end, as everybody takes it
        }
        long sum = number(148, 8);
        if (sum != unsigned && sum != signed) {
            throw new BadArchive("a header with a wrong checksum");
        }
        return true;
    }

    private String name() {
        String name = text(header, 0, 100);
        boolean ustar = text(header, 257, 5).equals("ustar") && header[262] == 0;
        String prefix = ustar ? text(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private void parsePax(byte[] content, Map<String, String> pax, List<long[]> sparse) {
        long offset = -1;
        for (int from = 0; from < content.length; ) {
            int space = from;
            int length = 0;
            while (space < content.length && content[space] >= '0' && content[space] <= '9' && length < HEADER_BYTES) {
                length = length * 10 + content[space++] - '0';
            }
            int equals = space + 1;
            int end = from + length;
            if (space >= content.length || content[space] != ' ' || end > content.length || end <= equals) {
                throw new BadArchive("a pax header that cannot be read");
            }
            while (equals < end && content[equals] != '=') {
                equals++;
            }
            if (equals == end || content[end - 1] != '\n') {
                throw new BadArchive("a pax header that cannot be read");
            }
            String key = new String(content, space + 1, equals - space - 1, StandardCharsets.ISO_8859_1);
            String value = new String(content, equals + 1, end - equals - 2, StandardCharsets.ISO_8859_1);
            if (key.equals("GNU.sparse.offset")) {
                offset = decimal(value, "sparse map");
            } else if (key.equals("GNU.sparse.numbytes")) {
                add(sparse, offset, decimal(value, "sparse map"));
            } else if (value.isEmpty() && !key.startsWith("SCHILY.xattr.")) {
                pax.remove(key); // back to what the header says
            } else {
                pax.put(key, value);
            }
            from = end;
        }
    }

    /** The map begins in the header and goes on in records behind it. @return the file's size */
    private long oldGnuSparse(List<long[]> sparse) throws IOException {
        sparse.clear();
        long size = number(483, 12);
        byte[] record = header.clone();
        int from = 386;
        int count = 4;
        int more = 482;
        while (true) {
            for (int each = 0; each < count && record[from + each * 24] != 0; each++) {
                add(sparse, number(record, from + each * 24, 12), number(record, from + each * 24 + 12, 12));
            }
            if (record[more] == 0) {
                break;
            }
            readFully(record, RECORD);
            from = 0;
            count = 21;
            more = 504;
        }
        if (sparse.isEmpty()) {
            sparse.add(new long[] {size, 0});
        }
        return size;
    }

    /** Version 1.0: decimal numbers in front of the data, filled up to a record. */
    private void sparseMapInData(List<long[]> sparse) throws IOException {
        sparse.clear();
        long before = position;
        byte[] record = new byte[RECORD];
        int[] index = {RECORD};
        long count = mapNumber(record, index);
        for (long each = 0; each < count; each++) {
            long offset = mapNumber(record, index);
            add(sparse, offset, mapNumber(record, index));
        }
        stored -= position - before;
        if (stored < 0) {
            throw new BadArchive("a sparse map that is longer than its file");
        }
        if (sparse.isEmpty()) {
            sparse.add(new long[] {0, 0});
        }
    }

    private long mapNumber(byte[] record, int[] index) throws IOException {
        long value = 0;
        for (int digits = 0; digits < 20; digits++) {
            if (index[0] == RECORD) {
                readFully(record, RECORD);
                index[0] = 0;
            }
            int each = record[index[0]++];
            if (each == '\n' && digits > 0) {
                return value;
            }
            if (each < '0' || each > '9' || value > Long.MAX_VALUE / 16) {
                break;
            }
            value = value * 10 + each - '0';
        }
        throw new BadArchive("a sparse map that cannot be read");
    }

    private static void add(List<long[]> sparse, long offset, long length) {
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length || sparse.size() >= SPARSE_PARTS) {
            throw new BadArchive("a sparse map that cannot be right");
        }
        sparse.add(new long[] {offset, length});
    }

    private static String text(byte[] bytes, int from, int length) {
        int end = from;
        while (end < from + length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
    }

    private long number(int from, int length) {
        return number(header, from, length);
    }

    /** Octal, or with the first bit set a number in base 256. */
    private static long number(byte[] bytes, int from, int length) {
        if ((bytes[from] & 0x80) != 0) {
            boolean negative = (bytes[from] & 0x40) != 0;
            long value = negative ? -1 : 0;
            for (int index = from; index < from + length; index++) {
                int each = index == from && !negative ? bytes[index] & 0x7F : bytes[index] & 0xFF;
                if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
                    throw new BadArchive("a number that is too large");
                }
                value = value << 8 | each;
            }
            return value;
        }
        long value = 0;
        boolean ended = false;
        for (int index = from; index < from + length; index++) {
            int each = bytes[index];
            if (each >= '0' && each <= '7' && !ended) {
                value = value << 3 | each - '0';
            } else if (each == ' ' || each == 0) {
                ended = value != 0 || index > from && bytes[index - 1] == '0';
            } else {
                throw new BadArchive("a number that is none");
            }
        }
        return value;
    }

    private static long decimal(@Nullable String text, String what) {
        if (text == null
                || text.isEmpty()
                || text.length() > 18
                || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new BadArchive("a " + what + " that is no number");
        }
        return Long.parseLong(text);
    }

    /** Seconds with a fraction, of which nine digits count. */
    private static long[] time(String text) {
        boolean negative = text.startsWith("-");
        String rest = negative ? text.substring(1) : text;
        int dot = rest.indexOf('.');
        long seconds = decimal(dot < 0 ? rest : rest.substring(0, dot), "time");
        String fraction = dot < 0 ? "" : rest.substring(dot + 1);
        long nanos = fraction.isEmpty() ? 0 : decimal((fraction + "000000000").substring(0, 9), "time");
        if (!negative) {
            return new long[] {seconds, nanos};
        }
        return nanos == 0 ? new long[] {-seconds, 0} : new long[] {-seconds - 1, 1_000_000_000 - nanos};
    }

    private static byte[] base64(String value) {
        try {
            return Base64.getMimeDecoder().decode(value);
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }

    private static int padding(long size) {
        return (int) (-size & RECORD - 1);
    }

    private void readFully(byte[] buffer, int length) throws IOException {
        int got = in.readNBytes(buffer, 0, length);
        position += got;
        if (got < length) {
            throw truncated();
        }
    }

    private void skip(long count) throws IOException {
        if (count > 0) {
            try {
                in.skipNBytes(count);
            } catch (EOFException e) {
                throw truncated();
            }
            position += count;
        }
    }

    private static BadArchive truncated() {
        return new BadArchive("it ends too early");
    }
}
