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
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** A caller in memory, with or without a terminal. */
final class FakeConsole implements Console {
    private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
    private final Map<String, String> environment = new HashMap<>();
    private InputStream stdin = InputStream.nullInputStream();
    private boolean terminal;
    private Path directory = Path.of("/");
    List<String> became = List.of();
    int rawChanges;

    FakeConsole onTerminal() {
        terminal = true;
        environment.put("TERM", "xterm");
        return this;
    }

    FakeConsole typing(String text) {
        stdin = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    FakeConsole with(String name, String value) {
        environment.put(name, value);
        return this;
    }

    FakeConsole in(Path where) {
        directory = where;
        return this;
    }

    String out() {
        return stdout.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return stderr.toString(StandardCharsets.UTF_8);
    }

    @Override
    public InputStream stdin() {
        return stdin;
    }

    @Override
    public OutputStream stdout() {
        return stdout;
    }

    @Override
    public OutputStream stderr() {
        return stderr;
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
    public void onResize(Consumer<TerminalSize> listener) {}

    @Override
    public void onSignal(IntConsumer listener) {}

    @Override
    public void cancelOnSignal() {}

    @Override
    public void raw(boolean on) {
        rawChanges++;
    }

    @Override
    public void become(List<String> command, Map<String, String> additions) {
        became = command;
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
