package dev.banger.operation;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.Operation;
import dev.banger.api.OperationInfo;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All operations of this daemon, running and recently ended. Each runs on a thread of its own. Thread-safe.
 *
 * <p>Operations live in memory: what must survive the daemon is intent in the database, which reconcile finishes or
 * undoes.
 */
public final class Operations implements AutoCloseable {
    /** The work of an operation; it ends by returning or by {@link BangerException}. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Progress progress);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Operations.class);
    private static final int KEPT = 200;

    private final ConcurrentHashMap<String, RunningOperation<?>> byId = new ConcurrentHashMap<>();
    private final AtomicLong counter = new AtomicLong();
    private volatile boolean closed;

    /** Begins an operation. {@code kind} is such as {@code vm.start}, {@code target} the thing it is about. */
    public <T> Operation<T> start(String kind, String target, Work<T> work) {
        if (closed) {
            throw new BangerException(ErrorCode.CANCELLED, "the daemon is ending");
        }
        String id = "op-" + counter.incrementAndGet();
        RunningOperation<T> operation = new RunningOperation<>(id, kind, target);
        forgetOld();
        byId.put(id, operation);
        operation.begin(work);
        return operation;
    }

    public List<OperationInfo> all() {
        return byId.values().stream()
                .map(RunningOperation::info)
                .sorted(Comparator.comparing(OperationInfo::startedAt))
                .toList();
    }

    public Operation<?> get(String id) {
        RunningOperation<?> operation = byId.get(id);
        if (operation == null) {
            throw BangerException.notFound("there is no operation " + id + "; ended ones are forgotten after a while");
        }
        return operation;
    }

    private void forgetOld() {
        if (byId.size() < KEPT) {
            return;
        }
        byId.values().stream()
                .filter(operation -> operation.info().state() != OperationInfo.State.RUNNING)
                .sorted(Comparator.comparing(operation -> operation.info().startedAt()))
                .limit(KEPT / 2)
                .forEach(operation -> byId.remove(operation.id()));
    }

    /** Cancels what runs and waits until it has undone its work, a bounded time each. */
    @Override
    public void close() {
        closed = true;
        byId.values().forEach(RunningOperation::cancel);
        for (RunningOperation<?> operation : byId.values()) {
            if (!operation.awaitQuietly(20_000)) {
                LOG.warn("Operation {} did not end in time", operation.id());
            }
        }
    }

    /** What a failure that is not a {@link BangerException} becomes: a defect, logged with its trace. */
    static BangerException asBangerException(Throwable failure, String kind) {
        if (failure instanceof BangerException expected) {
            return expected;
        }
        LOG.error("Operation {} failed unexpectedly", kind, failure);
        return new BangerException(
                ErrorCode.INTERNAL,
                "internal error in " + kind + ": " + failure + "; the daemon's log has more",
                failure);
    }
}
