package dev.banger.host.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.firecracker.FirecrackerApi.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Exchanger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirecrackerApiTest {
    @TempDir
    private Path directory;

    private StandIn answering(Function<String, String> answer) throws IOException {
        return new StandIn(directory.resolve("api.sock"), answer);
    }

    private FirecrackerApi api() {
        return new FirecrackerApi(directory.resolve("api.sock"));
    }

    @Test
    void aRequestHasItsBodyAndItsAnswerIsRead() throws Exception {
        try (StandIn firecracker = answering(request -> StandIn.http(200, "{\"state\":\"Running\"}"))) {
            assertThat(api().ask(Request.get("/"))).containsEntry("state", "Running");
            api().ask(Request.put("/entropy", Map.of()));

            assertThat(firecracker.requests().getFirst())
                    .startsWith("GET / HTTP/1.1\r\n")
                    .endsWith("\r\n\r\n");
            assertThat(firecracker.requests().getLast())
                    .startsWith("PUT /entropy HTTP/1.1\r\n")
                    .endsWith("Content-Length: 2\r\n\r\n{}");
        }
    }

    @Test
    void anAnswerThatComesInPiecesIsReadToItsEnd() throws Exception {
        String text = "é".repeat(20_000);
        try (StandIn firecracker = answering(request -> StandIn.http(200, "{\"text\":\"" + text + "\"}"))) {
            assertThat(api().ask(Request.get("/"))).containsEntry("text", text);
            assertThat(firecracker.requests()).hasSize(1);
        }
    }

    @Test
    void whatIsNoAnswerIsToldAsSuch() throws Exception {
        for (String bytes : new String[] {
            "",
            "HTTP/1.1 2",
            "nonsense\r\n\r\n",
            StandIn.http(200, "{\"text\":"),
            "HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n{}"
        }) {
            try (StandIn firecracker = answering(request -> bytes)) {
                assertThatThrownBy(() -> api().ask(Request.get("/version")))
                        .as(bytes)
                        .isInstanceOf(BangerException.class)
                        .hasMessageStartingWith("Firecracker does not answer GET /version: ")
                        .extracting("code")
                        .isEqualTo(ErrorCode.VMM_FAILED);
                assertThat(firecracker.requests()).hasSize(1);
            }
            Files.delete(directory.resolve("api.sock"));
        }
    }

    @Test
    void aRequestIsCancelledWhileItWaits() throws Exception {
        Exchanger<Thread> waiting = new Exchanger<>();
        try (StandIn firecracker = answering(request -> {
            interruptOther(waiting);
            return null;
        })) {
            AtomicReference<Throwable> outcome = new AtomicReference<>();
            Thread thread = Thread.ofVirtual().unstarted(() -> {
                try {
                    api().ask(Request.get("/"));
                } catch (BangerException e) {
                    outcome.set(e);
                }
            });
            thread.start();
            waiting.exchange(thread);
            thread.join();
            assertThat(outcome.get()).hasMessageContaining("cancelled");
            assertThat(firecracker.requests()).hasSize(1);
        }
    }

    private static void interruptOther(Exchanger<Thread> waiting) {
        try {
            waiting.exchange(Thread.currentThread()).interrupt();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void nobodyIsThereWithoutASocket() throws Exception {
        assertThat(api().isThere()).isFalse();
        try (StandIn firecracker = answering(request -> "")) {
            assertThat(api().isThere()).isTrue();
            assertThat(firecracker.requests()).isEmpty();
        }
    }
}
