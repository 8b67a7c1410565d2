package dev.banger.host.guest;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
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
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One channel of a guest's connection, from its opening frame to its final one. Thread-safe. */
final class AgentStream {
    private static final Logger LOG = LoggerFactory.getLogger(AgentStream.class);
    private static final int LONGEST_MESSAGE = 2000;

    private final int channel;
    private final FrameWriter writer;
    private final Credit credit = new Credit();
    private final FrameInput stdout;
    private final FrameInput stderr;
    private final FrameOutput stdin;
    private final CountDownLatch started = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable Frame last;
    private volatile @Nullable IOException lost;

    AgentStream(int channel, FrameWriter writer) {
        this.channel = channel;
        this.writer = writer;
        Window window = new Window(bytes -> writer.write(Frame.window(channel, bytes)));
        stdout = new FrameInput(window);
        stderr = new FrameInput(window);
        stdin = new FrameOutput(writer, FrameType.STDIN, channel, credit);
    }

    int channel() {
        return channel;
    }

    InputStream stdout() {
        return stdout;
    }

    InputStream stderr() {
        return stderr;
    }

    OutputStream stdin() {
        return stdin;
    }

    /** Takes a frame from the guest. @return whether it was the last one */
    boolean accept(Frame frame) {
        switch (frame.type()) {
            case STARTED -> started.countDown();
            case STDOUT -> stdout.offer(frame.payload());
            case STDERR -> stderr.offer(frame.payload());
            case WINDOW -> credit.grant(frame.number());
            case REPLY, EXIT, ERROR -> {
                last = frame;
                finish();
                return true;
            }
            case HELLO,
                    COMMAND,
                    EXEC,
                    CONNECT,
                    GET,
                    PUT,
                    IDENTITY,
                    STATS,
                    SYNC,
                    POWEROFF,
                    STDIN,
                    RESIZE,
                    SIGNAL,
                    CLOSE,
                    TERMINAL,
                    BECOME,
                    SHUTDOWN,
                    EVENT -> throw new ProtocolException("an agent does not send " + frame.type() + " on a channel");
        }
        return false;
    }

    void lost(IOException cause) {
        lost = cause;
        stdout.fail(cause);
        stderr.fail(cause);
        finish();
    }

    private void finish() {
        credit.close();
        stdout.end();
        stderr.end();
        started.countDown();
        ended.countDown();
    }

    /** Waits until the guest has begun what was asked; fails with its reason if it cannot. */
    void awaitStarted(Duration atMost) {
        await(started, atMost, "begin");
        Frame final_ = last;
        if (final_ != null && final_.type() == FrameType.ERROR) {
            throw error(final_);
        }
        checkLost();
    }

    /** Waits for the answer to a question. */
    Fields reply(Duration atMost) {
        await(ended, atMost, "answer");
        checkLost();
        Frame final_ = last;
        if (final_ == null || final_.type() != FrameType.REPLY) {
            throw final_ != null && final_.type() == FrameType.ERROR
                    ? error(final_)
                    : new BangerException(ErrorCode.GUEST_UNAVAILABLE, "the guest's agent gave no answer");
        }
        return final_.fields();
    }

    /** Waits for the end, however long that takes. @return the exit status */
    int await() {
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        }
        checkLost();
        Frame final_ = last;
        if (final_ == null || final_.type() != FrameType.EXIT) {
            throw final_ != null && final_.type() == FrameType.ERROR
                    ? error(final_)
                    : new BangerException(ErrorCode.GUEST_UNAVAILABLE, "the guest's agent gave no exit status");
        }
        return final_.number();
    }

    private void await(CountDownLatch latch, Duration atMost, String what) {
        try {
            if (!latch.await(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                cancel();
                throw new BangerException(
                        ErrorCode.TIMED_OUT, "the guest did not " + what + " within " + atMost.toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            cancel();
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for the guest", e);
        }
    }

    private void checkLost() {
        IOException cause = lost;
        if (cause != null) {
            throw new BangerException(
                    ErrorCode.GUEST_UNAVAILABLE, "the VM ended or its agent went away: " + cause.getMessage(), cause);
        }
    }

    /** The guest chose these words: their length is capped and control characters are dropped. */
    private static BangerException error(Frame frame) {
        Fields fields = frame.fields();
        String message = fields.string(Field.MESSAGE).orElse("the guest's agent gave no reason");
        StringBuilder clean = new StringBuilder();
        message.codePoints()
                .limit(LONGEST_MESSAGE)
                .filter(c -> !Character.isISOControl(c))
                .forEach(clean::appendCodePoint);
        ErrorCode code = switch (fields.string(Field.CODE).orElse("")) {
            case "COMMAND_NOT_FOUND" -> ErrorCode.COMMAND_NOT_FOUND;
            case "COMMAND_NOT_EXECUTABLE" -> ErrorCode.COMMAND_NOT_EXECUTABLE;
            case "USER_NOT_FOUND", "DIRECTORY_NOT_FOUND", "NOT_FOUND" -> ErrorCode.NOT_FOUND;
            case "INVALID_ARGUMENT" -> ErrorCode.INVALID_ARGUMENT;
            case "BUSY" -> ErrorCode.RESOURCE_EXHAUSTED;
            case "PERMISSION_DENIED" -> ErrorCode.PERMISSION_DENIED;
            case "DATA_CORRUPT" -> ErrorCode.DATA_CORRUPT;
            default -> ErrorCode.GUEST_UNAVAILABLE;
        };
        return new BangerException(code, clean.toString());
    }

    void send(Frame frame) {
        if (ended.getCount() == 0) {
            return; // a signal to what has just ended is nobody's fault
        }
        try {
            writer.write(frame);
        } catch (IOException e) {
            LOG.debug("A guest no longer takes frames", e);
        }
    }

    /** Loses interest: the guest ends what runs, its output is dropped. */
    void cancel() {
        send(Frame.of(FrameType.CLOSE, channel));
        IOException closed = new IOException("the session was closed");
        stdout.fail(closed);
        stderr.fail(closed);
        credit.close();
    }
}
