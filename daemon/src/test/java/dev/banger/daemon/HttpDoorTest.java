package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The REST API, over the same socket. */
@Timeout(60)
class HttpDoorTest {
    private static final Pattern LOCATION = Pattern.compile("Location: (/v1/operations/op-\\d+)");

    @TempDir
    private Path directory;

    private MemoryDaemon daemon;

    @BeforeEach
    void open() throws IOException {
        daemon = new MemoryDaemon(directory);
    }

    @AfterEach
    void close() {
        daemon.close();
    }

    private String begin(String method, String path, String body) throws IOException {
        HttpAnswer answer = daemon.send(method, path, body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        Matcher location = LOCATION.matcher(answer.head());
        assertThat(location.find()).as(answer.head()).isTrue();
        return location.group(1);
    }

    /** Begins an operation and follows it to its end. @return the events */
    private String complete(String method, String path, String body) throws IOException {
        HttpAnswer events = daemon.get(begin(method, path, body) + "/events");
        assertThat(events.head()).contains("text/event-stream");
        return events.body();
    }

    @Test
    void aVmIsMadeStartedShownAndDeleted() throws IOException {
        String events = complete("POST", "/v1/vms", "{\"name\": \"dev\", \"start\": true, \"memoryMiB\": 256}");

        assertThat(events).contains("event: progress\ndata: {").contains("event: end\ndata: {");
        assertThat(events.lines()
                        .filter(line -> line.startsWith("data: "))
                        .reduce((a, b) -> b)
                        .orElseThrow())
                .contains("\"state\":\"succeeded\"");
        assertThat(daemon.get("/v1/vms/dev").object())
                .containsEntry("name", "dev")
                .containsEntry("state", "running")
                .containsKey("pid");
        assertThat(daemon.get("/v1/vms").array()).hasSize(1);
        complete("POST", "/v1/vms/dev/stop", "");
        assertThat(daemon.get("/v1/vms/dev").object())
                .containsEntry("state", "stopped")
                .containsEntry("pid", null);
        complete("PATCH", "/v1/vms/dev", "{\"cpus\": 3}");
        assertThat(daemon.get("/v1/vms/dev").field("cpus")).startsWith("3");
        complete("DELETE", "/v1/vms/dev", "");
        assertThat(daemon.get("/v1/vms").array()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET | /v1/vms/nothing | '' | 404 | NOT_FOUND",
                "GET | /v1/nothing | '' | 404 | NOT_FOUND",
                "GET | / | '' | 404 | NOT_FOUND",
                "GET | /v1/operations/op-99 | '' | 404 | NOT_FOUND",
                "GET | /v1/images/nothing | '' | 404 | NOT_FOUND",
                "POST | /v1/vms | {\"name\": \"Bad Name\"} | 400 | INVALID_ARGUMENT",
                "POST | /v1/vms | {\"nane\": \"dev\"} | 400 | INVALID_ARGUMENT",
                "POST | /v1/vms | {\"name\": | 400 | INVALID_ARGUMENT",
                "POST | /v1/vms | [1, 2] | 400 | INVALID_ARGUMENT",
                "POST | /v1/vms | {\"cpus\": 0} | 400 | INVALID_ARGUMENT",
                "POST | /v1/vms | {\"memoryMiB\": 99999999} | 400 | INVALID_ARGUMENT",
                "POST | /v1/vms | {\"ports\": [{\"hostPort\": 70000, \"guestPort\": 80}]} | 400 | INVALID_ARGUMENT",
                "POST | /v1/vms | {\"image\": \"nothing\"} | 404 | NOT_FOUND",
                "DELETE | /v1/kernels/nothing | '' | 404 | NOT_FOUND"
            })
    void aRequestThatCannotBeServedSaysWhy(String method, String path, String body, int status, String code)
            throws IOException {
        HttpAnswer answer = daemon.send(method, path, body);

        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.object()).containsEntry("code", code).containsKeys("message", "detail");
        assertThat(answer.body()).doesNotContain("\\tat ").doesNotContain("Exception:");
        assertThat(daemon.get("/v1/vms").array()).isEmpty();
    }

    @Test
    void aTakenNameIsAConflict() throws IOException {
        complete("POST", "/v1/vms", "{\"name\": \"dev\", \"start\": false}");

        HttpAnswer again = daemon.send("POST", "/v1/vms", "{\"name\": \"dev\"}");

        assertThat(again.status()).isEqualTo(409);
        assertThat(again.object()).containsEntry("code", "ALREADY_EXISTS");
        assertThat(daemon.get("/v1/vms/dev/stats").status()).isEqualTo(409);
    }

    @Test
    void aBodyThatIsTooLongIsRefused() throws IOException {
        assertThat(daemon.send("POST", "/v1/vms", " ".repeat(1024 * 1024 + 1)).status())
                .isEqualTo(400);
    }

    @Test
    void anOperationCanBeCancelled() throws Exception {
        daemon.host().gateBoots(new CountDownLatch(1));
        String operation = begin("POST", "/v1/vms", "{\"name\": \"dev\", \"start\": true}");
        assertThat(daemon.get(operation).object()).containsEntry("state", "running");

        assertThat(daemon.send("DELETE", operation, "").status()).isEqualTo(204);

        assertThat(daemon.get(operation + "/events").body())
                .contains("event: failure")
                .contains("\"state\":\"cancelled\"");
        assertThat(daemon.get("/v1/vms").array()).isEmpty();
        assertThat(daemon.host().runningIds()).isEmpty();
    }

    @Test
    void openApiAndMetricsAreServed() throws IOException {
        assertThat(daemon.get("/openapi.json").body())
                .isEqualTo(OpenApi.document(ApiRoutes.of(new UnusedApi().api(), Jsonb.instance())) + "\n");
        complete("POST", "/v1/vms", "{\"name\": \"dev\", \"start\": true}");
        assertThat(daemon.get("/metrics").body())
                .contains("\nbanger_vms 1\n")
                .contains("banger_operations{kind=\"vm.create\",state=\"succeeded\"} 1");
    }

    @Test
    void theConsoleIsServedAsText() throws IOException {
        complete("POST", "/v1/vms", "{\"name\": \"dev\", \"start\": false}");
        Map<String, Object> vm = daemon.get("/v1/vms/dev").object();
        Files.writeString(daemon.vmDirectory(String.valueOf(vm.get("id"))).resolve("console.log"), "Linux version\n");

        assertThat(daemon.get("/v1/vms/dev/logs").body()).isEqualTo("Linux version\n");
        assertThat(daemon.get("/v1/vms/dev/logs?kind=vmm").body()).isEmpty();
    }

    @Test
    void followingTheConsoleOfAVmEndsWhenItIsDeleted() throws Exception {
        complete("POST", "/v1/vms", "{\"name\": \"dev\", \"start\": true}");
        CountDownLatch ended = new CountDownLatch(1);
        Thread.ofPlatform().daemon().start(() -> {
            try (FrameClient client = daemon.connect()) {
                if (client.run("vm", "logs", "-f", "dev").status() == 0) {
                    ended.countDown();
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(ended.await(300, TimeUnit.MILLISECONDS)).isFalse();

        complete("DELETE", "/v1/vms/dev", "");

        assertThat(ended.await(5, TimeUnit.SECONDS)).isTrue();
    }
}
