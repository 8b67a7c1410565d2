package dev.banger.vm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** The end of a log, for error messages: made harmless, since a guest wrote it. */
final class LogTail {
    private static final int BYTES = 4096;
    private static final int LINES = 12;

    private LogTail() {}

    /** The last lines, or an empty string if there is nothing to read. */
    static String of(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer buffer = ByteBuffer.allocate(BYTES);
            channel.read(buffer, Math.max(0, size - BYTES));
            String text = new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
            List<String> lines = text.lines()
                    .map(LogTail::harmless)
                    .filter(line -> !line.isBlank())
                    .toList();
            return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES), lines.size()));
        } catch (IOException e) {
            return ""; // no log is a normal thing for a VM that did not get far
        }
    }

    private static String harmless(String line) {
        StringBuilder out = new StringBuilder(line.length());
        line.codePoints().filter(c -> c == '\t' || !Character.isISOControl(c)).forEach(out::appendCodePoint);
        return out.toString();
    }
}
