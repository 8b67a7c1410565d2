package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecSession;
import dev.banger.api.TerminalSize;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A program in a guest: says what it was told to say and ends with the status it was told. Thread-safe. */
final class FakeProgram implements ExecSession {
    private static final long PATIENCE_SECONDS = 20;

    private final byte[] output;
    private final byte[] errors;
    private final int status;
    private final CountDownLatch ended;
    private final CountDownLatch inputEnded = new CountDownLatch(1);
    private final ByteArrayOutputStream input = new ByteArrayOutputStream();
    private final List<Integer> signals = new CopyOnWriteArrayList<>();
    private final List<TerminalSize> sizes = new CopyOnWriteArrayList<>();
    private volatile int signalled;
    private volatile boolean closed;

    private FakeProgram(String output, String errors, int status, boolean endsByItself) {
        this.output = output.getBytes(StandardCharsets.UTF_8);
        this.errors = errors.getBytes(StandardCharsets.UTF_8);
        this.status = status;
        ended = new CountDownLatch(endsByItself ? 0 : 1);
    }

    static FakeProgram ending(int status) {
        return new FakeProgram("", "", status, true);
    }

    static FakeProgram saying(String output, String errors) {
        return new FakeProgram(output, errors, 0, true);
    }

    /** Runs until a signal ends it. */
    static FakeProgram sleeping() {
        return new FakeProgram("", "", 0, false);
    }

    /** What it got on stdin, once that has ended. */
    String input() throws InterruptedException {
        if (!inputEnded.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("stdin did not end");
        }
        return input.toString(StandardCharsets.UTF_8);
    }

    List<Integer> signals() {
        return signals;
    }

    List<TerminalSize> sizes() {
        return sizes;
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public OutputStream stdin() {
        return new OutputStream() {
            @Override
            public void write(int value) {
                input.write(value);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                input.write(bytes, offset, length);
            }

            @Override
            public void close() {
                inputEnded.countDown();
            }
        };
    }

    @Override
    public InputStream stdout() {
        return new ByteArrayInputStream(output);
    }

    @Override
    public InputStream stderr() {
        return new ByteArrayInputStream(errors);
    }

    @Override
    public void resize(TerminalSize size) {
        sizes.add(size);
    }

    @Override
    public void signal(int signal) {
        signals.add(signal);
        signalled = signal;
        ended.countDown();
    }

    @Override
    public int await() {
        try {
            if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("nothing ended the program");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "interrupted while the program runs", e);
        }
        return signalled == 0 ? status : 128 + signalled;
    }

    @Override
    public void close() {
        closed = true;
    }
}
