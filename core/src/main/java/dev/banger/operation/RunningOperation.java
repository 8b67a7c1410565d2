package dev.banger.operation;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.Operation;
import dev.banger.api.OperationInfo;
import dev.banger.api.OperationInfo.State;
import dev.banger.api.ProgressEvent;
import dev.banger.api.StageTiming;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One operation: a thread, its events, its outcome. Thread-safe. */
final class RunningOperation<T> implements Operation<T>, Progress {
    private static final int KEPT_EVENTS = 500;

    private final String id;
    private final String kind;
    private final String target;
    private final Instant startedAt = Instant.now();
    private final long begun = System.nanoTime();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<ProgressEvent> events = new ArrayList<>();
    private final List<StageTiming> stages = new ArrayList<>();
    private int dropped;
    private State state = State.RUNNING;
    private @Nullable Instant endedAt;
    private @Nullable T result;
    private @Nullable BangerException failure;
    private @Nullable Thread worker;
    private boolean cancelled;
    private String stage = "";
    private long stageBegun = begun;

    RunningOperation(String id, String kind, String target) {
        this.id = id;
        this.kind = kind;
        this.target = target;
    }

    void begin(Operations.Work<T> work) {
        lock.lock();
        try {
            worker = Thread.ofPlatform().daemon().name(id + " " + kind).start(() -> run(work));
        } finally {
            lock.unlock();
        }
    }

    private void run(Operations.Work<T> work) {
        T value = null;
        BangerException error = null;
        try {
            value = work.run(this);
        } catch (Throwable e) { // the operation loop: whatever went wrong becomes the operation's outcome
            error = Operations.asBangerException(e, kind);
        }
        lock.lock();
        try {
            endStage();
            if (error != null && cancelled && error.code() != ErrorCode.CANCELLED) {
                // An interrupt shows in many ways, as a closed channel for one; to the caller it is one thing.
                error = new BangerException(ErrorCode.CANCELLED, kind + " was cancelled", error);
            }
            result = value;
            failure = error;
            endedAt = Instant.now();
            state = error == null
                    ? State.SUCCEEDED
                    : error.code() == ErrorCode.CANCELLED ? State.CANCELLED : State.FAILED;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public OperationInfo info() {
        lock.lock();
        try {
            return new OperationInfo(
                    id,
                    kind,
                    target,
                    state,
                    startedAt,
                    endedAt,
                    List.copyOf(stages),
                    failure == null ? null : failure.code().name(),
                    failure == null ? null : failure.getMessage());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public T await(Consumer<ProgressEvent> listener) {
        int seen = 0;
        while (true) {
            List<ProgressEvent> fresh;
            boolean ended;
            lock.lock();
            try {
                while (dropped + events.size() <= seen && state == State.RUNNING) {
                    changed.await();
                }
                fresh = List.copyOf(events.subList(Math.max(0, seen - dropped), events.size()));
                seen = dropped + events.size();
                ended = state != State.RUNNING;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new BangerException(ErrorCode.CANCELLED, "interrupted while waiting for " + kind, e);
            } finally {
                lock.unlock();
            }
            fresh.forEach(listener);
            if (ended) {
                return outcome();
            }
        }
    }

    @SuppressWarnings("NullAway") // a result is null only when T is nullable
    private T outcome() {
        lock.lock();
        try {
            if (failure != null) {
                throw new BangerException(failure.code(), failure.getMessage(), failure.detail(), failure);
            }
            return result;
        } finally {
            lock.unlock();
        }
    }

    boolean awaitQuietly(long millis) {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(millis);
            while (state == State.RUNNING && left > 0) {
                left = changed.awaitNanos(left);
            }
            return state != State.RUNNING;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void cancel() {
        lock.lock();
        try {
            if (state == State.RUNNING && worker != null) {
                cancelled = true;
                worker.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void stage(String name) {
        lock.lock();
        try {
            endStage();
            stage = name;
            stageBegun = System.nanoTime();
            publish(0, 0, name, false, false);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void update(long done, long total) {
        lock.lock();
        try {
            publish(done, total, stage, false, false);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void warn(String message) {
        lock.lock();
        try {
            publish(0, 0, message, true, false);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void output(String line) {
        lock.lock();
        try {
            publish(0, 0, line, false, true);
        } finally {
            lock.unlock();
        }
    }

    private void endStage() {
        if (!stage.isEmpty()) {
            stages.add(new StageTiming(stage, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - stageBegun)));
            stage = "";
        }
    }

    private void publish(long done, long total, String text, boolean warning, boolean output) {
        if (events.size() >= KEPT_EVENTS) {
            events.removeFirst();
            dropped++;
        }
        events.add(new ProgressEvent(
                text, done, total, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun), warning, output));
        changed.signalAll();
    }
}
