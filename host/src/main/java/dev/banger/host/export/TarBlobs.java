package dev.banger.host.export;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/** An export in one file: a tar of plain files (POSIX.1-1988, ustar) that are read where they lie. */
final class TarBlobs implements Blobs {
    private static final int BLOCK = 512;
    private static final int MOST_MEMBERS = 1 << 20;

    private record Member(long at, long bytes) {}

    private final FileChannel file;
    private final Map<String, Member> members;

    private TarBlobs(FileChannel file, Map<String, Member> members) {
        this.file = file;
        this.members = members;
    }

    static TarBlobs open(Path path) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        try {
            return new TarBlobs(file, members(file));
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Map<String, Member> members(FileChannel file) throws IOException {
        Map<String, Member> members = new HashMap<>();
        byte[] header = new byte[BLOCK];
        long at = 0;
        while (true) {
            ByteBuffer buffer = ByteBuffer.wrap(header);
            fill(file, buffer, at);
            if (header[0] == 0) {
                return members;
            }
            long bytes = octal(header, 124, 12);
            at += BLOCK;
            if (header[156] == '0' || header[156] == 0) {
                members.put(text(header, 0, 100).replaceFirst("^(\\./)+", ""), new Member(at, bytes));
            }
            at += (bytes + BLOCK - 1) / BLOCK * BLOCK;
            if (members.size() > MOST_MEMBERS) {
                throw new BadExport("more files than an export has");
            }
        }
    }

    private static void fill(FileChannel file, ByteBuffer into, long from) throws IOException {
        for (long at = from; into.hasRemaining(); ) {
            int got = file.read(into, at);
            if (got < 0) {
                throw new BadExport("it is no export, or a truncated one: it ends after " + file.size() + " bytes");
            }
            at += got;
        }
    }

    private static String text(byte[] header, int from, int length) {
        int end = from;
        while (end < from + length && header[end] != 0) {
            end++;
        }
        return new String(header, from, end - from, StandardCharsets.ISO_8859_1);
    }

    private static long octal(byte[] header, int from, int length) {
        String digits = text(header, from, length).strip();
        if (!digits.matches("[0-7]{1,11}")) {
            throw new BadExport("it is no export: a tar of such was expected");
        }
        return Long.parseLong(digits, 8);
    }

    @Override
    public byte[] document(String name, int most) throws IOException {
        Member member = members.get(name);
        if (member == null) {
            throw Blobs.missing(name);
        }
        if (member.bytes() > most) {
            throw Blobs.tooLong(name, most);
        }
        ByteBuffer document = ByteBuffer.allocate((int) member.bytes());
        fill(file, document, member.at());
        return document.array();
    }

    @Override
    public void read(String digest, ByteBuffer into) throws IOException {
        Member member = members.get(DIRECTORY + digest);
        if (member == null) {
            throw Blobs.missing(DIRECTORY + digest);
        }
        if (member.bytes() != into.remaining()) {
            throw Blobs.otherLength(digest);
        }
        fill(file, into, member.at());
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new IllegalStateException("closing a file that was only read fails", e);
        }
    }
}
