package dev.banger.operation;

import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Work that comes to its end once begun, whoever is cancelled meanwhile: it is done on a thread of its own, which nobody
 * interrupts.
 */
public final class Uninterrupted {
    private final Thread thread;
    /** Written before the thread ends, read after it has been joined. */
    private @Nullable RuntimeException failure;

    private Uninterrupted(Runnable work) {
        thread = Thread.ofPlatform().daemon().name("uninterrupted").unstarted(() -> {
            try {
                work.run();
            } catch (RuntimeException e) {
                failure = e;
            }
        });
    }

    /** Runs {@code work}, which takes no lock that the caller holds; throws what it throws. */
    public static void run(Runnable work) {
        begin(work).await();
    }

    /** Begins {@code work}; whoever does so awaits its end. */
    public static Uninterrupted begin(Runnable work) {
        Uninterrupted begun = new Uninterrupted(work);
        begun.thread.start();
        return begun;
    }

    /** Runs {@code work}, and {@code other} as uninterrupted work beside it. Both have ended when this returns or throws. */
    public static <T> T beside(Runnable other, Supplier<T> work) {
        Uninterrupted begun = begin(other);
        T result;
        try {
            result = work.get();
        } catch (RuntimeException e) {
            try {
                begun.await();
            } catch (RuntimeException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
        begun.await();
        return result;
    }

    /** Runs all of them at the same time. All have ended when this returns or throws what the first that failed threw. */
    public static void all(List<Runnable> works) {
        EveryPart.run(works.stream().map(Uninterrupted::begin).toList().stream()
                .<Runnable>map(begun -> begun::await)
                .toList());
    }

    /** Waits for the end; an interrupt of the caller is kept for afterwards. Throws what the work threw, every time. */
    public void await() {
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
        if (failure != null) {
            throw failure;
        }
    }
}
