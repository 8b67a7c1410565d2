package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.Operation;
import dev.banger.api.OperationInfo;
import dev.banger.api.ProgressEvent;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** An operation that ends as it was told to, at once or when it is cancelled. Thread-safe. */
final class FakeOperation<T> implements Operation<T> {
    private static final long PATIENCE_SECONDS = 20;

    private final Supplier<T> outcome;
    private final List<ProgressEvent> events;
    private final CountDownLatch ended;
    private volatile boolean cancelled;

    private FakeOperation(Supplier<T> outcome, List<ProgressEvent> events, boolean endsByItself) {
        this.outcome = outcome;
        this.events = events;
        ended = new CountDownLatch(endsByItself ? 0 : 1);
    }

    static <T> FakeOperation<T> succeeding(T result) {
        return new FakeOperation<>(() -> result, List.of(), true);
    }

    static <T> FakeOperation<T> doing(Supplier<T> work) {
        return new FakeOperation<>(work, List.of(), true);
    }

    static <T> FakeOperation<T> failing(BangerException e) {
        return new FakeOperation<>(
                () -> {
                    throw e;
                },
                List.of(),
                true);
    }

    /** Goes on until it is cancelled or {@link #finish finished}; the events come first. */
    static <T> FakeOperation<T> unfinished(T result, ProgressEvent... events) {
        return new FakeOperation<>(() -> result, List.of(events), false);
    }

    void finish() {
        ended.countDown();
    }

    boolean wasCancelled() {
        return cancelled;
    }

    @Override
    public String id() {
        return "op-1";
    }

    @Override
    public OperationInfo info() {
        return new OperationInfo(
                "op-1", "test", "it", OperationInfo.State.RUNNING, Instant.EPOCH, null, List.of(), null, null);
    }

    @Override
    public T await(Consumer<ProgressEvent> listener) {
        events.forEach(listener);
        try {
            if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody finished or cancelled the operation");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "interrupted while waiting", e);
        }
        if (cancelled) {
            throw new BangerException(ErrorCode.CANCELLED, "it was cancelled");
        }
        return outcome.get();
    }

    @Override
    public void cancel() {
        cancelled = true;
        ended.countDown();
    }
}
