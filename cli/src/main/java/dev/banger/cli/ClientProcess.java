package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

/** Runs programs that the caller could have run, in the caller's environment, without input. */
final class ClientProcess implements BenchRun.Runner {
    private static final Duration LIMIT = Duration.ofMinutes(10);

    /** A client that is told to end undoes what it began, which takes longer than a moment. */
    private static final Duration UNDO = Duration.ofSeconds(60);

    private static final int SHOWN_BYTES = 4096;

    private final Map<String, String> environment;

    ClientProcess(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /**
     * How a process ended.
     *
     * @param status its exit status
     * @param out the beginning of what it wrote to stdout, without the last line's end; nothing where that was not wanted
     * @param said the same of stderr
     * @param taken from its start to its end
     */
    record Ended(int status, String out, String said, Duration taken) {}

    @Override
    public Duration run(List<String> command) {
        Ended ended = end(command, Redirect.DISCARD);
        if (ended.status() != 0) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED,
                    shown(command) + " ended with " + ended.status() + ": "
                            + ended.said().lines().findFirst().orElse("it said nothing"));
        }
        return ended.taken();
    }

    /** Runs it to its end, whatever its exit status. Throws as {@link #run} does. */
    Ended end(List<String> command) {
        return end(command, Redirect.PIPE);
    }

    /**
     * Runs it to its end, however long that takes, and passes on what it says on stdout and stderr as it says it.
     *
     * @return its exit status
     */
    int follow(List<String> command, OutputStream to) {
        Process process = start(command, builder -> builder.redirectErrorStream(true));
        Thread said = Thread.ofPlatform().daemon().name("client-output").start(() -> {
            try (InputStream from = process.getInputStream()) {
                from.transferTo(to);
            } catch (IOException e) {
                process.destroy(); // nobody reads any more
            }
        });
        try {
            int status = process.waitFor();
            said.join(Duration.ofSeconds(1)); // what it left behind may keep the stream
            return status;
        } catch (InterruptedException e) {
            stop(process);
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        }
    }

    private Process start(List<String> command, UnaryOperator<ProcessBuilder> output) {
        ProcessBuilder builder =
                output.apply(new ProcessBuilder(command).redirectInput(Redirect.from(new File("/dev/null"))));
        builder.environment().clear();
        builder.environment().putAll(environment);
        try {
            return builder.start();
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "cannot run " + command.getFirst() + ": " + e.getMessage(), e);
        }
    }

    private Ended end(List<String> command, Redirect output) {
        long begun = System.nanoTime();
        Process process = start(command, builder -> builder.redirectOutput(output));
        Reader said = new Reader(process.getErrorStream());
        Reader out = new Reader(process.getInputStream());
        try {
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                stop(process);
                throw new BangerException(
                        ErrorCode.TIMED_OUT, shown(command) + " did not end within " + LIMIT.toMinutes() + " minutes");
            }
            Duration taken = Duration.ofNanos(System.nanoTime() - begun);
            return new Ended(process.exitValue(), out.text(), said.text(), taken);
        } catch (InterruptedException e) {
            stop(process);
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        }
    }

    private static void stop(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(UNDO.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) { // asked for a second time: no more patience
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** Reads a stream to its end, so that the process never waits for us, and keeps the beginning. */
    private static final class Reader {
        private final AtomicReference<String> text = new AtomicReference<>("");
        private final Thread thread;

        Reader(InputStream stream) {
            thread = Thread.ofPlatform().daemon().name("client-output").start(() -> text.set(beginning(stream)));
        }

        private static String beginning(InputStream stream) {
            try (stream) {
                String text = new String(stream.readNBytes(SHOWN_BYTES), StandardCharsets.UTF_8);
                stream.transferTo(OutputStream.nullOutputStream());
                return text.stripTrailing();
            } catch (IOException e) {
                return "";
            }
        }

        /** Who else holds the stream may keep it open beyond the process. */
        String text() throws InterruptedException {
            thread.join(Duration.ofSeconds(1));
            return String.valueOf(text.get());
        }
    }

    private static String shown(List<String> command) {
        return "\"" + String.join(" ", command) + "\"";
    }
}
