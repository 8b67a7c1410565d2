package dev.banger.host.export;

import dev.banger.operation.Progress;
import java.util.concurrent.atomic.AtomicLong;

/** How many bytes of a stage are done, told a few times a second. Thread-safe. */
final class ByteProgress {
    private static final long EVERY_NANOS = 200_000_000;

    private final Progress progress;
    private final long total;
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong toldAt = new AtomicLong(System.nanoTime());

    ByteProgress(Progress progress, String stage, long total) {
        this.progress = progress;
        this.total = total;
        progress.stage(stage);
    }

    void add(long bytes) {
        long now = done.addAndGet(bytes);
        long last = toldAt.get();
        long time = System.nanoTime();
        if (total > 0 && time - last > EVERY_NANOS && toldAt.compareAndSet(last, time)) {
            progress.update(Math.min(now, total), total);
        }
    }
}
