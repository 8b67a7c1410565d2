package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/** Joins a program in a guest to the console: its streams, its terminal, the signals. */
final class Attachment {
    private static final int COPY = 32 * 1024;

    private final Console console;

    Attachment(Console console) {
        this.console = console;
    }

    /** Runs until the program ends. @return its exit status */
    int join(ExecSession session, boolean terminal) {
        return join(session, terminal, console.stdin());
    }

    /** The same with other input than the caller's. */
    int join(ExecSession session, boolean terminal, InputStream from) {
        try (session) {
            console.onSignal(session::signal);
            if (terminal) {
                console.raw(true);
                console.onResize(session::resize);
            }
            Thread stdin = Thread.ofPlatform().daemon().name("stdin").start(() -> input(from, session));
            List<Thread> outputs = List.of(
                    Thread.ofPlatform()
                            .daemon()
                            .name("stdout")
                            .start(() -> output(session.stdout(), console.stdout(), session)),
                    Thread.ofPlatform()
                            .daemon()
                            .name("stderr")
                            .start(() -> output(session.stderr(), console.stderr(), session)));
            int status = session.await();
            for (Thread thread : outputs) {
                thread.join();
            }
            stdin.interrupt();
            return status;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        } finally {
            console.cancelOnSignal();
            if (terminal) {
                console.raw(false);
            }
        }
    }

    private static void input(InputStream from, ExecSession session) {
        try (OutputStream out = session.stdin()) {
            from.transferTo(out);
        } catch (IOException e) {
            return; // the program ended, or the client did: either way nobody wants more
        }
    }

    private static void output(InputStream from, OutputStream to, ExecSession session) {
        byte[] buffer = new byte[COPY];
        try {
            int count;
            while ((count = from.read(buffer)) >= 0) {
                to.write(buffer, 0, count);
            }
        } catch (IOException e) {
            session.close(); // nobody reads any more, so the program may end
        }
    }
}
