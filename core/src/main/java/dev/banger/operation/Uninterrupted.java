package dev.banger.operation;

import org.jspecify.annotations.Nullable;

/**
 * Runs work that must come to its end once begun, whoever is cancelled meanwhile: on a thread of its own, which nobody
 * interrupts. The caller waits for it; an interrupt of the caller is kept for afterwards.
 */
public final class Uninterrupted {
    private Uninterrupted() {}

    /** Runs {@code work}, which takes no lock that the caller holds; throws what it throws. */
    public static void run(Runnable work) {
        Outcome outcome = new Outcome();
        Thread thread = Thread.ofPlatform().daemon().name("uninterrupted").start(() -> {
            try {
                work.run();
            } catch (RuntimeException e) {
                outcome.failure = e;
            }
        });
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        RuntimeException failure = outcome.failure;
        if (failure != null) {
            throw failure;
        }
    }

    /** Written before the thread ends, read after it has been joined. */
    private static final class Outcome {
        @Nullable
        RuntimeException failure;
    }
}
