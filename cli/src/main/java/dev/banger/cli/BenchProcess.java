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

/** Runs what is measured as processes of its own, in the caller's environment, without input. */
final class BenchProcess implements BenchRun.Runner {
    private static final Duration LIMIT = Duration.ofMinutes(10);

    /** A client that is told to end undoes what it began, which takes longer than a moment. */
    private static final Duration UNDO = Duration.ofSeconds(60);

    private static final int SHOWN_BYTES = 4096;

    private final Map<String, String> environment;

    BenchProcess(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    @Override
    public Duration run(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Redirect.from(new File("/dev/null")))
                .redirectOutput(Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().putAll(environment);
        long begun = System.nanoTime();
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "cannot run " + command.getFirst() + ": " + e.getMessage(), e);
        }
        AtomicReference<String> said = new AtomicReference<>("");
        Thread reader = Thread.ofPlatform()
                .daemon()
                .name("bench-stderr")
                .start(() -> said.set(beginning(process.getErrorStream())));
        try {
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                end(process);
                throw new BangerException(
                        ErrorCode.TIMED_OUT, shown(command) + " did not end within " + LIMIT.toMinutes() + " minutes");
            }
            Duration taken = Duration.ofNanos(System.nanoTime() - begun);
            if (process.exitValue() != 0) {
                reader.join(Duration.ofSeconds(1));
                throw new BangerException(
                        ErrorCode.HOST_COMMAND_FAILED,
                        shown(command) + " ended with " + process.exitValue() + ": "
                                + String.valueOf(said.get()).lines().findFirst().orElse("it said nothing"));
            }
            return taken;
        } catch (InterruptedException e) {
            end(process);
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        }
    }

    private static void end(Process process) {
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

    /** Reads to the end, so that the process never waits for us. @return the beginning */
    private static String beginning(InputStream stderr) {
        try (stderr) {
            String text = new String(stderr.readNBytes(SHOWN_BYTES), StandardCharsets.UTF_8);
            stderr.transferTo(OutputStream.nullOutputStream());
            return text;
        } catch (IOException e) {
            return "";
        }
    }

    private static String shown(List<String> command) {
        return "\"" + String.join(" ", command) + "\"";
    }
}
