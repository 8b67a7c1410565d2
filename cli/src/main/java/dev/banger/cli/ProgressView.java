package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.Operation;
import dev.banger.api.ProgressEvent;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Follows an operation: on a terminal one live line (what is happening, how far, how long), elsewhere plain lines, and only
 * for what takes longer than a moment. A cancelled command cancels the operation and waits until that has undone its work.
 */
final class ProgressView {
    private static final String[] SPINNER = {"|", "/", "-", "\\"};
    private static final Duration FRAME = Duration.ofMillis(100);
    private static final long LIVE_AFTER_MILLIS = 150;
    private static final long PLAIN_AFTER_MILLIS = 2_000;
    private static final long PLAIN_EVERY_MILLIS = 10_000;
    private static final String CLEAR = "\r\u001b[K";

    private final Output out;
    private final boolean live;
    private final int columns;
    private final boolean quiet;

    /** The event last seen; null before the first and after the end. */
    private @Nullable ProgressEvent current;

    private long stageBegan;
    private long plainSaid;
    private String plainStage = "";
    private boolean drawn;

    ProgressView(Session session, boolean quiet) {
        out = session.out();
        live = out.colours();
        columns = Math.max(20, session.console().size().columns());
        this.quiet = quiet;
    }

    /** Waits for the operation's end. @return its result */
    <T> T follow(Operation<T> operation) {
        Thread ticker = Thread.ofPlatform().daemon().name("progress").start(this::tick);
        try {
            return operation.await(this::onEvent);
        } catch (BangerException e) {
            if (e.code() == ErrorCode.CANCELLED && Thread.interrupted()) {
                operation.cancel();
                T result = operation.await(this::onEvent); // what it says of its end is what we say
                Thread.currentThread().interrupt(); // it had succeeded already: the caller decides what becomes of it
                return result;
            }
            throw e;
        } finally {
            ticker.interrupt();
            end();
        }
    }

    private synchronized void onEvent(ProgressEvent event) {
        if (event.warning()) {
            clear();
            out.notice("warning: " + event.stage());
            return;
        }
        if (event.output()) {
            if (!quiet) {
                clear();
                out.outputLine(event.stage());
            }
            return;
        }
        if (current == null || !current.stage().equals(event.stage())) {
            stageBegan = System.nanoTime();
        }
        current = event;
    }

    private void tick() {
        long begun = System.nanoTime();
        for (int frame = 0; !Thread.currentThread().isInterrupted(); frame++) {
            LockSupport.parkNanos(FRAME.toNanos());
            show(frame, (System.nanoTime() - begun) / 1_000_000);
        }
    }

    private synchronized void show(int frame, long millis) {
        ProgressEvent event = current;
        if (event == null || quiet || Thread.currentThread().isInterrupted()) {
            return;
        }
        if (live) {
            if (millis >= LIVE_AFTER_MILLIS) {
                String text = SPINNER[frame % SPINNER.length] + " " + describe(event) + " (" + seconds(millis) + ")";
                out.raw(CLEAR + (text.length() < columns ? text : text.substring(0, columns - 1)));
                drawn = true;
            }
            return;
        }
        long inStage = (System.nanoTime() - stageBegan) / 1_000_000;
        boolean fresh = !plainStage.equals(event.stage());
        if (inStage >= PLAIN_AFTER_MILLIS && (fresh || millis - plainSaid >= PLAIN_EVERY_MILLIS)) {
            plainStage = event.stage();
            plainSaid = millis;
            out.notice(describe(event) + " (" + seconds(millis) + ")");
        }
    }

    private static String describe(ProgressEvent event) {
        if (event.total() <= 0) {
            return event.stage();
        }
        return event.stage() + " " + Math.min(100, event.done() * 100 / event.total()) + "%";
    }

    private static String seconds(long millis) {
        return millis < 10_000 ? String.format(Locale.ROOT, "%.1f s", millis / 1000.0) : millis / 1000 + " s";
    }

    private synchronized void end() {
        current = null;
        clear();
    }

    private void clear() {
        if (drawn) {
            out.raw(CLEAR);
            drawn = false;
        }
    }
}
