package dev.banger.it;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A program that is about to run. Without {@link #input} its stdin is empty. */
final class Call {
    private final List<String> command;
    private final Map<String, String> environment;
    private Duration limit = Duration.ofMinutes(6);
    private byte @Nullable [] input;
    private @Nullable Path directory;

    Call(List<String> command, Map<String, String> environment) {
        this.command = List.copyOf(command);
        this.environment = Map.copyOf(environment);
    }

    /** A program of this machine, with the environment of the tests. */
    static Call program(String... words) {
        return new Call(List.of(words), System.getenv());
    }

    Call input(byte[] bytes) {
        input = bytes;
        return this;
    }

    Call input(String text) {
        return input(text.getBytes(StandardCharsets.UTF_8));
    }

    Call in(Path workingDirectory) {
        directory = workingDirectory;
        return this;
    }

    /** How long it may take; what takes longer has failed. */
    Call within(Duration most) {
        limit = most;
        return this;
    }

    Outcome run() {
        return start().await();
    }

    Running start() {
        Running running = open();
        byte[] bytes = input == null ? new byte[0] : input;
        Thread.ofPlatform().daemon().name("stdin").start(() -> {
            try (OutputStream stdin = running.stdin()) {
                stdin.write(bytes);
            } catch (IOException e) {
                return; // the program ended without reading it all, as it may
            }
        });
        return running;
    }

    /** Starts it with a stdin that stays open until {@link Running#stdin()} is closed. */
    Running open() {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(environment);
        if (directory != null) {
            builder.directory(directory.toFile());
        }
        try {
            return new Running(String.join(" ", command), builder.start(), limit);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
