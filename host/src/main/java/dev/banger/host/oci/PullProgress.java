package dev.banger.host.oci;

import dev.banger.operation.Progress;
import java.util.concurrent.atomic.AtomicLong;

/** How far a pull is: bytes that have come, and those that have been unpacked. Thread-safe. */
final class PullProgress {
    private static final long EVERY_NANOS = 200_000_000;

    private final Progress progress;
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong toldAt = new AtomicLong(System.nanoTime());
    private volatile long total;

    PullProgress(Progress progress) {
        this.progress = progress;
    }

    void begin(Reference reference, Contents contents, boolean fetched) {
        total = contents.bytes() * (fetched ? 2 : 1);
        progress.stage("pulling " + reference + ": " + contents.layers().size() + " layers, "
                + (contents.bytes() + (1 << 20) - 1 >> 20) + " MiB");
    }

    void arrived(long bytes) {
        add(bytes);
    }

    void unpacked(long bytes) {
        add(bytes);
    }

    private void add(long bytes) {
        long now = done.addAndGet(bytes);
        long last = toldAt.get();
        long time = System.nanoTime();
        if (total > 0 && time - last > EVERY_NANOS && toldAt.compareAndSet(last, time)) {
            progress.update(Math.min(now, total), total);
        }
    }
}
