package dev.banger.host.linux;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Drains one of a program's streams: keeps a bounded part of it and tells its lines. Used by one thread. */
final class OutputCapture {
    private static final int LINE_LIMIT = 8 * 1024;

    private final int limit;
    private final boolean keepEnd;
    private final Consumer<String> lines;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private boolean truncated;

    /** Keeps the first {@code limit} bytes, or the last ones (then up to twice as many). */
    OutputCapture(int limit, boolean keepEnd, Consumer<String> lines) {
        this.limit = limit;
        this.keepEnd = keepEnd;
        this.lines = lines;
    }

    void drain(InputStream in) throws IOException {
        byte[] buffer = new byte[16 * 1024];
        int n = in.read(buffer);
        while (n >= 0) {
            keep(buffer, n);
            split(buffer, n);
            n = in.read(buffer);
        }
        endLine();
    }

    private synchronized void keep(byte[] buffer, int n) {
        if (keepEnd) {
            if (kept.size() > limit) {
                byte[] all = kept.toByteArray();
                kept = new ByteArrayOutputStream();
                kept.write(all, all.length - limit / 2, limit / 2);
                truncated = true;
            }
            kept.write(buffer, 0, n);
        } else {
            int room = Math.min(n, limit - kept.size());
            kept.write(buffer, 0, room);
            truncated |= room < n;
        }
    }

    private void split(byte[] buffer, int n) {
        for (int i = 0; i < n; i++) {
            if (buffer[i] == '\n' || buffer[i] == '\r') {
                endLine();
            } else if (line.size() < LINE_LIMIT) {
                line.write(buffer[i]);
            }
        }
    }

    private void endLine() {
        if (line.size() > 0) {
            lines.accept(line.toString(StandardCharsets.UTF_8));
            line.reset();
        }
    }

    synchronized byte[] bytes() {
        return kept.toByteArray();
    }

    synchronized boolean truncated() {
        return truncated;
    }
}
