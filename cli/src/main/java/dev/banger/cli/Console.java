package dev.banger.cli;

import dev.banger.api.TerminalSize;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * The terminal, streams and surroundings of the one who typed a command. The command runs on one thread; listeners are
 * called on another one.
 */
public interface Console {
    /** Nothing of the caller's input is consumed before the first read. */
    InputStream stdin();

    OutputStream stdout();

    OutputStream stderr();

    boolean stdinIsTerminal();

    boolean stdoutIsTerminal();

    boolean stderrIsTerminal();

    /** The terminal's size; 24 x 80 without one. */
    TerminalSize size();

    /** Calls {@code listener} whenever the terminal's size changes; replaces the one before. */
    void onResize(Consumer<TerminalSize> listener);

    /**
     * Calls {@code listener} with the Linux number of each signal the caller's process gets, instead of cancelling the command;
     * replaces the one before.
     */
    void onSignal(IntConsumer listener);

    /** Signals cancel the command again, as they do at first: INT, TERM and HUP interrupt its thread. */
    void cancelOnSignal();

    /** Puts the caller's terminal into raw mode or back. It goes back by itself when the command ends. */
    void raw(boolean on);

    /** Makes the caller's process become that program when the command returns; its exit status then no longer matters. */
    void become(List<String> command, Map<String, String> environment);

    /** The caller's working directory. */
    Path directory();

    /** The part of the caller's environment that the client passes on. */
    Map<String, String> environment();
}
