package dev.banger.operation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Work of several parts of which each is done whatever becomes of the others (P9). */
public final class EveryPart {
    private EveryPart() {}

    /** Runs them in order; throws what the first that failed threw, with what others threw as suppressed. */
    public static void run(List<Runnable> parts) {
        @Nullable RuntimeException failure = null;
        for (Runnable part : parts) {
            try {
                part.run();
            } catch (RuntimeException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
