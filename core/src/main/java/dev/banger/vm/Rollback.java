package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.operation.Uninterrupted;
import java.util.ArrayDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Undo hooks, pushed as a piece of work goes on and run in reverse order unless it succeeds: for try-with-resources. A hook
 * is pushed before the step it undoes, so that a step which fails half-way is undone as well (P8); hooks therefore are
 * idempotent. Every hook runs even if others fail; failures are joined (P9). Hooks run on another thread while this one waits, so
 * they take no lock that it holds. Not thread-safe.
 */
public final class Rollback implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Rollback.class);

    private record Undo(String what, Runnable action) {}

    private final ArrayDeque<Undo> undos = new ArrayDeque<>();

    /** {@code what} names it in the log should it fail. */
    public void push(String what, Runnable action) {
        undos.push(new Undo(what, action));
    }

    /** The work succeeded: nothing will be undone. */
    public void keep() {
        undos.clear();
    }

    /** Runs what was pushed, last first, to the end: a cancel that comes meanwhile does not stop it. */
    @Override
    public void close() {
        if (!undos.isEmpty()) {
            Uninterrupted.run(this::undo);
        }
    }

    private void undo() {
        BangerException failures = null;
        for (Undo undo : undos) {
            try {
                undo.action().run();
            } catch (RuntimeException e) {
                LOG.warn("Could not undo: {}", undo.what(), e);
                if (failures == null) {
                    failures = new BangerException(
                            ErrorCode.HOST_COMMAND_FAILED, "could not undo: " + undo.what() + ": " + e.getMessage(), e);
                } else {
                    failures.addSuppressed(e);
                }
            }
        }
        undos.clear();
        if (failures != null) {
            throw failures;
        }
    }
}
