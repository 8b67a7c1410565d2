package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A program that runs; what it prints is collected. Closing it ends it. */
final class Running implements AutoCloseable {
    private final String command;
    private final Process process;
    private final Duration limit;
    private final Collected stdout;
    private final Collected stderr;

    Running(String command, Process process, Duration limit) {
        this.command = command;
        this.process = process;
        this.limit = limit;
        stdout = new Collected(process.getInputStream());
        stderr = new Collected(process.getErrorStream());
    }

    private static final class Collected {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final Thread reader;

        Collected(InputStream from) {
            reader = Thread.ofPlatform().daemon().name("output").start(() -> {
                byte[] buffer = new byte[64 * 1024];
                try {
                    int count;
                    while ((count = from.read(buffer)) >= 0) {
                        synchronized (bytes) {
                            bytes.write(buffer, 0, count);
                        }
                    }
                } catch (IOException e) {
                    return; // the process was ended by the test
                }
            });
        }

        byte[] soFar() {
            synchronized (bytes) {
                return bytes.toByteArray();
            }
        }
    }

    OutputStream stdin() {
        return process.getOutputStream();
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** What it has printed on stdout. */
    String out() {
        return new String(stdout.soFar(), StandardCharsets.UTF_8);
    }

    String err() {
        return new String(stderr.soFar(), StandardCharsets.UTF_8);
    }

    void awaitOutput(String text) {
        Awaitility.await("\"" + text + "\" from " + command)
                .atMost(limit)
                .until(() -> out().contains(text) || failIfEnded(text));
    }

    private boolean failIfEnded(String text) {
        if (!process.isAlive() && !out().contains(text)) {
            throw new AssertionError("ended without printing \"" + text + "\": " + await());
        }
        return false;
    }

    /** Sends a signal, such as {@code INT}, to this process alone. */
    void signal(String name) {
        Processes.signal(process.pid(), name);
    }

    Outcome await() {
        try {
            boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
            }
            stdout.reader.join(Duration.ofSeconds(20));
            stderr.reader.join(Duration.ofSeconds(20));
            Outcome outcome = new Outcome(command, process.exitValue(), stdout.soFar(), err());
            assertThat(ended).as(() -> "ended within " + limit + ": " + outcome).isTrue();
            return outcome;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + command, e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
