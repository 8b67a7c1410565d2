package dev.banger.daemon;

import dev.banger.api.TerminalSize;
import dev.banger.cli.Console;
import dev.banger.frame.Credit;
import dev.banger.frame.Field;
import dev.banger.frame.Fields;
import dev.banger.frame.Frame;
import dev.banger.frame.FrameInput;
import dev.banger.frame.FrameOutput;
import dev.banger.frame.FrameType;
import dev.banger.frame.FrameWriter;
import dev.banger.frame.ProtocolException;
import dev.banger.frame.Window;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A native client seen as a console. Thread-safe. */
final class ClientConsole implements Console {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConsole.class);
    private static final int SIGHUP = 1;
    private static final int SIGINT = 2;
    private static final int SIGQUIT = 3;
    private static final int SIGTERM = 15;

    private final FrameWriter writer;
    private final int terminals;
    private final Path directory;
    private final Map<String, String> environment;
    private final Credit credit = new Credit();
    private final FrameInput stdin;
    private final OutputStream stdout;
    private final OutputStream stderr;
    private volatile IntConsumer onSignal = this::cancel;
    private volatile Consumer<TerminalSize> onResize = ignored -> {};
    private volatile TerminalSize size;
    private volatile @Nullable Thread worker;
    private volatile @Nullable Frame become;
    private volatile boolean raw;
    private volatile boolean finished;

    ClientConsole(
            FrameWriter writer, int terminals, TerminalSize size, Path directory, Map<String, String> environment) {
        this.writer = writer;
        this.terminals = terminals;
        this.size = size;
        this.directory = directory;
        this.environment = Map.copyOf(environment);
        stdin = new FrameInput(new Window(bytes -> writer.write(Frame.window(0, bytes))));
        stdout = new FrameOutput(writer, FrameType.STDOUT, 0, credit);
        stderr = new FrameOutput(writer, FrameType.STDERR, 0, credit);
    }

    /** The thread that runs the command: the one that a cancel interrupts. */
    void runsOn(Thread thread) {
        worker = thread;
    }

    /** Takes a frame from the client. */
    void accept(Frame frame) {
        switch (frame.type()) {
            case STDIN -> stdin.offer(frame.payload());
            case WINDOW -> credit.grant(frame.number());
            case RESIZE -> resized(frame.payload());
            case SIGNAL -> {
                if (frame.payload().length != 1) {
                    throw new ProtocolException("a SIGNAL has one byte");
                }
                onSignal.accept(frame.payload()[0]);
            }
            default -> throw new ProtocolException("a client does not send " + frame.type() + " here");
        }
    }

    private void resized(byte[] payload) {
        if (payload.length != 4) {
            throw new ProtocolException("a RESIZE has four bytes");
        }
        ByteBuffer numbers = ByteBuffer.wrap(payload);
        size = new TerminalSize(Short.toUnsignedInt(numbers.getShort()), Short.toUnsignedInt(numbers.getShort()));
        onResize.accept(size);
    }

    /** The client went away: nothing can be read or written any more, and the command is cancelled. */
    void gone() {
        IOException cause = new IOException("the client went away");
        stdin.fail(cause);
        credit.close();
        if (!finished) {
            onSignal.accept(SIGHUP);
            cancel(SIGHUP);
        }
    }

    /** The daemon ends: so does the command. */
    void cancel() {
        cancel(SIGTERM);
    }

    private void cancel(int signal) {
        Thread thread = worker;
        boolean ends = signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;
        if (ends && thread != null && !finished) {
            thread.interrupt();
        }
    }

    /** The command ended: the last frame goes out. */
    void finish(int status) {
        finished = true;
        boolean interrupted = Thread.interrupted();
        try {
            if (raw) {
                raw(false);
            }
            Frame other = become;
            writer.write(other == null ? Frame.exit(0, status) : other);
        } catch (IOException e) {
            LOG.debug("A client went away before it got its exit status", e);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
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
        return (terminals & 1) != 0;
    }

    @Override
    public boolean stdoutIsTerminal() {
        return (terminals & 2) != 0;
    }

    @Override
    public boolean stderrIsTerminal() {
        return (terminals & 4) != 0;
    }

    @Override
    public TerminalSize size() {
        return size;
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
        onSignal = this::cancel;
    }

    @Override
    public void raw(boolean on) {
        try {
            writer.write(new Frame(FrameType.TERMINAL, 0, new byte[] {(byte) (on ? 1 : 0)}));
            raw = on;
        } catch (IOException e) {
            LOG.debug("A client went away", e);
        }
    }

    @Override
    public void become(List<String> command, Map<String, String> additions) {
        Fields.Builder fields = Fields.builder().strings(Field.ARG, command);
        additions.forEach((name, value) -> fields.string(Field.ENV, name + "=" + value));
        become = Frame.of(FrameType.BECOME, 0, fields);
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
