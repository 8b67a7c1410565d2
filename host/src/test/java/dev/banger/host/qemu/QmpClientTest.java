package dev.banger.host.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real QEMU that runs nothing. */
class QmpClientTest {
    @TempDir
    private Path directory;

    private Process qemu;
    private final List<String> events = Collections.synchronizedList(new ArrayList<>());

    @BeforeEach
    void start() throws Exception {
        qemu = new ProcessBuilder(
                        QemuVmm.PROGRAM,
                        "-machine",
                        "none",
                        "-nodefaults",
                        "-display",
                        "none",
                        "-qmp",
                        "unix:" + directory.resolve("qmp.sock") + ",server=on,wait=off")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
    }

    @AfterEach
    void stop() throws Exception {
        qemu.destroyForcibly().waitFor();
    }

    private QmpClient connect() throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (true) {
            try {
                return QmpClient.connect(directory.resolve("qmp.sock"), event -> events.add(event.name()));
            } catch (IOException e) {
                if (System.nanoTime() > deadline || !qemu.isAlive()) {
                    throw new AssertionError(Files.readString(directory.resolve("log")), e);
                }
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
    }

    @Test
    void negotiatesAsksAndIsRefusedWithQemusReason() throws Exception {
        try (QmpClient client = connect()) {
            assertThat(client.execute("query-status", Map.of())).containsKey("status");
            assertThatThrownBy(() -> client.execute("no-such-command", Map.of()))
                    .isInstanceOf(BangerException.class)
                    .hasMessageContaining("no-such-command");
            assertThat(client.execute("query-version", Map.of())).containsKey("qemu");
        }
    }

    @Test
    void aSecondDaemonCanConnectWhenTheFirstIsGone() throws Exception {
        connect().close();
        try (QmpClient second = connect()) {
            assertThat(second.execute("query-status", Map.of())).containsKey("status");
        }
    }

    @Test
    void quitEndsQemuAndTheEventSaysSo() throws Exception {
        try (QmpClient client = connect()) {
            client.execute("quit", Map.of());
            assertThat(qemu.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThatThrownBy(() -> client.execute("query-status", Map.of())).isInstanceOf(BangerException.class);
        }
        assertThat(events).contains("SHUTDOWN");
    }
}
