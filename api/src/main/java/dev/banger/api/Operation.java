package dev.banger.api;

import java.util.function.Consumer;

/**
 * Long work under way, with progress and cancel.
 *
 * @param <T> what it results in
 */
public interface Operation<T> {
    String id();

    OperationInfo info();

    /**
     * Waits for the end. {@code listener} gets every event from the operation's start, in order, on the calling thread.
     *
     * @throws BangerException what the operation failed with; CANCELLED when it was cancelled or this thread interrupted
     *     (the latter cancels nothing)
     */
    T await(Consumer<ProgressEvent> listener);

    /** Asks it to stop and undo what it did; returns at once. Harmless when it has ended. */
    void cancel();
}
