package dev.banger.cli;

import dev.banger.api.TerminalSize;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The console of somebody who can press Ctrl-C: commands run on a thread of their own, as in the daemon, and a signal reaches
 * whoever listens or interrupts the command.
 */
final class ScriptedConsole implements Console {
    private static final long PATIENCE_SECONDS = 20;

    private final boolean terminal;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Map<String, String> environment = new HashMap<>();
    private final List<Boolean> rawModes = new CopyOnWriteArrayList<>();
    private volatile InputStream stdin = InputStream.nullInputStream();
    private volatile Path directory = Path.of("/");
    private volatile @Nullable List<String> becomes;
    private volatile @Nullable Thread worker;
    private volatile IntConsumer onSignal = this::interrupt;
    private volatile Consumer<TerminalSize> onResize = ignored -> {};

    private ScriptedConsole(boolean terminal) {
        this.terminal = terminal;
    }

    /** None of its streams is a terminal. */
    static ScriptedConsole piped() {
        return new ScriptedConsole(false);
    }

    /** All of its streams are a terminal. */
    static ScriptedConsole terminal() {
        return new ScriptedConsole(true).with("TERM", "xterm-256color");
    }

    ScriptedConsole with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    ScriptedConsole typing(String text) {
        stdin = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    ScriptedConsole in(Path where) {
        directory = where;
        return this;
    }

    /** Runs a command line to its end. @return its exit status */
    int run(ScriptedBanger banger, String... arguments) {
        return start(banger, arguments).status();
    }

    /** Begins a command line. */
    Run start(ScriptedBanger banger, String... arguments) {
        BangerCli cli = new BangerCli(banger, "0.1.0", "abc123", Path.of("/opt/banger/bin/banger"));
        FutureTask<Integer> task = new FutureTask<>(() -> cli.run(List.of(arguments), this));
        Thread thread = Thread.ofPlatform().daemon().unstarted(task);
        worker = thread;
        thread.start();
        return new Run(task);
    }

    /** A command that runs. */
    static final class Run {
        private final FutureTask<Integer> task;

        private Run(FutureTask<Integer> task) {
            this.task = task;
        }

        int status() {
            try {
                return task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                throw new AssertionError("the command failed with an exception", e.getCause());
            } catch (InterruptedException | TimeoutException e) {
                throw new AssertionError("the command does not end", e);
            }
        }
    }

    /** The caller's process gets a signal. */
    void signal(int number) {
        onSignal.accept(number);
    }

    void resize(int rows, int columns) {
        onResize.accept(new TerminalSize(rows, columns));
    }

    String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    /** The program that the caller's process becomes. */
    List<String> becomes() {
        List<String> command = becomes;
        if (command == null) {
            throw new AssertionError("it becomes nothing; stderr: " + err());
        }
        return command;
    }

    List<Boolean> rawModes() {
        return rawModes;
    }

    private void interrupt(int signal) {
        Thread thread = worker;
        if (thread != null) {
            thread.interrupt();
        }
    }

    @Override
    public InputStream stdin() {
        return stdin;
    }

    @Override
    public OutputStream stdout() {
        return out;
    }

    @Override
    public OutputStream stderr() {
        return err;
    }

    @Override
    public boolean stdinIsTerminal() {
        return terminal;
    }

    @Override
    public boolean stdoutIsTerminal() {
        return terminal;
    }

    @Override
    public boolean stderrIsTerminal() {
        return terminal;
    }

    @Override
    public TerminalSize size() {
        return new TerminalSize(24, 80);
    }

    @Override
    public void onResize(Consumer<TerminalSize> listener) {
        onResize = listener;
    }

    @Override
    public void onSignal(IntConsumer listener) {
        onSignal = listener;
    }

    @Override
    public void cancelOnSignal() {
        onSignal = this::interrupt;
    }

    @Override
    public void raw(boolean on) {
        rawModes.add(on);
    }

    @Override
    public void become(List<String> command, Map<String, String> additions) {
        becomes = List.copyOf(command);
    }

    @Override
    public Path directory() {
        return directory;
    }

    @Override
    public Map<String, String> environment() {
        return environment;
    }
}
