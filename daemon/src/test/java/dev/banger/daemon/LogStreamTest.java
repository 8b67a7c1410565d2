package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogStreamTest {
    @TempDir
    private Path directory;

    @Test
    void beginsWithTheOlderHalf() throws Exception {
        Path log = directory.resolve("log");
        Files.writeString(directory.resolve("log.1"), "old\n");
        Files.writeString(log, "new\n");
        try (LogStream stream = new LogStream(log, false, () -> false)) {
            assertThat(new String(stream.readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("old\nnew\n");
        }
    }

    @Test
    void aLogThatIsNotThereIsEmpty() throws Exception {
        try (LogStream stream = new LogStream(directory.resolve("log"), false, () -> false)) {
            assertThat(stream.readAllBytes()).isEmpty();
        }
    }

    @Test
    void followsPastATurnoverAndEndsWithTheVm() throws Exception {
        Path log = directory.resolve("log");
        Files.writeString(log, "one\n");
        AtomicBoolean alive = new AtomicBoolean(true);
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        Thread reader = Thread.ofPlatform().daemon().start(() -> {
            try (LogStream stream = new LogStream(log, true, alive::get)) {
                stream.transferTo(seen);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        awaitText(seen, "one\n");
        Files.move(log, directory.resolve("log.1"), StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(log, "two\n");
        awaitText(seen, "one\ntwo\n");
        alive.set(false);
        assertThat(reader.join(Duration.ofSeconds(10))).isTrue();
        assertThat(seen.toString(StandardCharsets.UTF_8)).isEqualTo("one\ntwo\n");
    }

    private static void awaitText(ByteArrayOutputStream seen, String text) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!seen.toString(StandardCharsets.UTF_8).equals(text) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(seen.toString(StandardCharsets.UTF_8)).isEqualTo(text);
    }
}
