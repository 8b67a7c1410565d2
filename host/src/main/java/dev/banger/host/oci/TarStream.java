package dev.banger.host.oci;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
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
    private SparseMap data = new SparseMap();

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
        SparseMap sparse = new SparseMap();
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
            if (size < 0) {
                throw new BadArchive("a file of " + size + " bytes");
            }
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
                    case 'L' -> longName = TarField.text(content, 0, content.length);
                    case 'K' -> longTarget = TarField.text(content, 0, content.length);
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
            SparseMap sparse,
            @Nullable String longName,
            @Nullable String longTarget)
            throws IOException {
        String name = longName != null ? longName : name();
        name = pax.getOrDefault("path", name);
        String target = longTarget != null ? longTarget : TarField.text(header, 157, 100);
        target = pax.getOrDefault("linkpath", target);
        char type = rawType == 0 || rawType == '7' ? '0' : rawType;
        if (type == '0' && name.endsWith("/")) {
            type = '5'; // as before there was a type for directories
        }
        boolean hasData = type == '0' || type == 'S';
        long size = pax.containsKey("size") ? TarField.decimal(pax.get("size"), "size") : rawSize;
        if (!hasData) {
            // Some writers give links the size of what they point to, and no data.
            size = type >= '1' && type <= '6' ? 0 : size;
        }
        stored = size;
        padding = padding(size);
        boolean isSparse = type == 'S' || pax.containsKey("GNU.sparse.major") || pax.containsKey("GNU.sparse.size");
        if (type == 'S') {
            size = oldGnuSparse(sparse);
            type = '0';
        } else if (hasData && pax.containsKey("GNU.sparse.major")) {
            name = pax.getOrDefault("GNU.sparse.name", name);
            size = TarField.decimal(pax.get("GNU.sparse.realsize"), "sparse size");
            sparseMapInData(sparse);
        } else if (hasData && pax.containsKey("GNU.sparse.size")) {
            name = pax.getOrDefault("GNU.sparse.name", name);
            size = TarField.decimal(pax.get("GNU.sparse.size"), "sparse size");
            if (pax.containsKey("GNU.sparse.map")) {
                sparse.clear();
                String[] numbers = pax.get("GNU.sparse.map").split(",", -1);
                for (int each = 0; each + 1 < numbers.length; each += 2) {
                    sparse.add(
                            TarField.decimal(numbers[each], "sparse map"),
                            TarField.decimal(numbers[each + 1], "sparse map"));
                }
            }
        }
        if (!isSparse || !hasData) {
            sparse.clear();
            sparse.add(0, stored);
        }
        data = sparse.check(size, hasData ? stored : size);
        long[] time = pax.containsKey("mtime") ? TarField.time(pax.get("mtime")) : new long[] {number(136, 12), 0};
        Map<String, byte[]> attributes = new HashMap<>();
        pax.forEach((key, value) -> {
            if (key.startsWith("SCHILY.xattr.")) {
                attributes.put(key.substring(13), value.getBytes(StandardCharsets.ISO_8859_1));
            } else if (key.startsWith("LIBARCHIVE.xattr.")) {
                attributes.putIfAbsent(key.substring(17), TarField.base64(value));
            }
        });
        return new Entry(
                type,
                name,
                target,
                (int) number(100, 8) & 07777,
                pax.containsKey("uid") ? TarField.decimal(pax.get("uid"), "uid") : number(108, 8),
                pax.containsKey("gid") ? TarField.decimal(pax.get("gid"), "gid") : number(116, 8),
                size,
                time[0],
                (int) time[1],
                type == '3' || type == '4' ? (int) number(329, 8) : 0,
                type == '3' || type == '4' ? (int) number(337, 8) : 0,
                attributes);
    }

    /** How many zeros come next in the entry's data; they are passed. */
    long hole() {
        return data.hole();
    }

    /** Reads data of the entry that is no hole. @return how many bytes; -1 at its end or at a hole */
    int read(byte[] buffer) throws IOException {
        int wanted = (int) Math.min(buffer.length, data.available());
        if (wanted == 0) {
            return -1;
        }
        int got = in.read(buffer, 0, wanted);
        if (got <= 0) {
            throw truncated();
        }
        position += got;
        stored -= got;
        data.pass(got);
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
        String name = TarField.text(header, 0, 100);
        boolean ustar = TarField.text(header, 257, 5).equals("ustar") && header[262] == 0;
        String prefix = ustar ? TarField.text(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private void parsePax(byte[] content, Map<String, String> pax, SparseMap sparse) {
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
                offset = TarField.decimal(value, "sparse map");
            } else if (key.equals("GNU.sparse.numbytes")) {
                sparse.add(offset, TarField.decimal(value, "sparse map"));
            } else if (value.isEmpty() && !key.startsWith("SCHILY.xattr.")) {
                pax.remove(key); // back to what the header says
            } else {
                pax.put(key, value);
            }
            from = end;
        }
    }

    /** The map begins in the header and goes on in records behind it. @return the file's size */
    private long oldGnuSparse(SparseMap sparse) throws IOException {
        sparse.clear();
        long size = number(483, 12);
        byte[] record = header.clone();
        int from = 386;
        int count = 4;
        int more = 482;
        while (true) {
            for (int each = 0; each < count && record[from + each * 24] != 0; each++) {
                sparse.add(
                        TarField.number(record, from + each * 24, 12),
                        TarField.number(record, from + each * 24 + 12, 12));
            }
            if (record[more] == 0) {
                break;
            }
            readFully(record, RECORD);
            from = 0;
            count = 21;
            more = 504;
        }
        return size;
    }

    /** Version 1.0: decimal numbers in front of the data, filled up to a record. */
    private void sparseMapInData(SparseMap sparse) throws IOException {
        sparse.clear();
        long before = position;
        byte[] record = new byte[RECORD];
        int[] index = {RECORD};
        long count = mapNumber(record, index);
        for (long each = 0; each < count; each++) {
            long offset = mapNumber(record, index);
            sparse.add(offset, mapNumber(record, index));
        }
        stored -= position - before;
        if (stored < 0) {
            throw new BadArchive("a sparse map that is longer than its file");
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

    private long number(int from, int length) {
        return TarField.number(header, from, length);
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
