package dev.banger.api;

import java.io.InputStream;
import java.io.OutputStream;

/**
 * A program running in a guest. Streams block and apply back-pressure end to end; each may be used by one thread at a
 * time, different ones by different threads. Closing the session ends the program (SIGHUP, then SIGKILL) if it still runs.
 */
public interface ExecSession extends AutoCloseable {
    /** The program's stdin; closing it is end of file. Fails with IOException once the program has ended. */
    OutputStream stdin();

    InputStream stdout();

    /** Empty when the program runs in a terminal. */
    InputStream stderr();

    void resize(TerminalSize size);

    /** Sends a signal (Linux number) to the program's process group. */
    void signal(int signal);

    /** Waits for the end. @return the exit status, 128+n when signal n ended it */
    int await();

    @Override
    void close();
}
