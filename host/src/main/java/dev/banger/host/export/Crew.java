package dev.banger.host.export;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Threads that share work: one for each CPU, as far as the daemon's memory bears it. */
final class Crew {
    /** Each has 8 MiB. */
    private static final int MOST = 6;

    private Crew() {}

    /** What one thread works with. */
    interface Worker<T> extends AutoCloseable {
        void work(int index, T item) throws IOException;

        @Override
        void close();
    }

    /** Has all items worked on; ends with the first failure, or when the caller is interrupted, with nobody at work any more. */
    static <T> void work(List<T> items, Supplier<? extends Worker<T>> workers) throws IOException {
        int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, Math.clamp(items.size(), 1, MOST));
        AtomicInteger next = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("export-", 0).factory());
        try {
            ExecutorCompletionService<Boolean> ended = new ExecutorCompletionService<>(pool);
            for (int thread = 0; thread < threads; thread++) {
                ended.submit(() -> share(items, next, workers));
            }
            for (int thread = 0; thread < threads; thread++) {
                Future<Boolean> one = ended.take();
                one.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        } finally {
            pool.shutdownNow();
            pool.close();
        }
    }

    private static <T> boolean share(List<T> items, AtomicInteger next, Supplier<? extends Worker<T>> workers)
            throws IOException {
        try (Worker<T> worker = workers.get()) {
            for (int index = next.getAndIncrement();
                    index < items.size() && !Thread.currentThread().isInterrupted();
                    index = next.getAndIncrement()) {
                worker.work(index, items.get(index));
            }
            return true;
        }
    }
}
