package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The REST door: HTTP and JSON on the socket that the client uses too. */
@Order(35)
class HttpTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("http");

    private final Banger banger = HOME.banger();
    private final HttpOverSocket http = new HttpOverSocket(HOME.path().resolve("run/bangerd.sock"));

    @BeforeAll
    void aDaemon() {
        banger.ok("daemon", "start");
    }

    @AfterEach
    void nothingIsLeft() {
        try {
            HOME.assertNoVmIsLeft();
        } finally {
            HOME.deleteVms();
        }
    }

    @Test
    void aVmIsCreatedFollowedShownAndDeleted() {
        HttpOverSocket.Answer created =
                http.request("POST", "/v1/vms", "{\"name\":\"rest\",\"memoryMiB\":256,\"start\":true}");
        assertThat(created.status()).as(created.body()).isEqualTo(202);
        String operation = Outcome.text(created.object(), "id");
        assertThat(created.head()).contains("/v1/operations/" + operation);

        String events = http.get("/v1/operations/" + operation + "/events").body();

        assertThat(events)
                .contains("event: progress\ndata: {", "event: end\ndata: {")
                .containsIgnoringCase("succeeded");
        Map<String, Object> vm = http.get("/v1/vms/rest").object();
        assertThat(vm).containsEntry("name", "rest").containsEntry("memoryMiB", 256L);
        Map<String, Object> shown = banger.show("rest");
        shown.values().removeIf(Objects::isNull);
        vm.values().removeIf(Objects::isNull);
        // A VM that has just booted goes on writing between the two questions.
        vm.remove("diskUsedBytes");
        shown.remove("diskUsedBytes");
        assertThat(vm).as("both doors tell the same").isEqualTo(shown);
        assertThat(http.get("/v1/vms").body()).contains("\"rest\"");
        assertThat(http.get("/v1/vms/rest/stats").status()).isEqualTo(200);

        HttpOverSocket.Answer deleted = http.request("DELETE", "/v1/vms/rest", "");
        assertThat(deleted.status()).isEqualTo(202);
        http.get("/v1/operations/" + Outcome.text(deleted.object(), "id") + "/events");
        assertThat(http.get("/v1/vms/rest").status()).isEqualTo(404);
    }

    @Test
    void aCancelledCreateLeavesNothing() {
        HttpOverSocket.Answer created =
                http.request("POST", "/v1/vms", "{\"name\":\"cancelled\",\"memoryMiB\":256,\"start\":true}");
        String operation = Outcome.text(created.object(), "id");
        Awaitility.await("its VMM runs")
                .atMost(Duration.ofSeconds(30))
                .until(() -> !HOME.vmms().isEmpty());

        assertThat(http.request("DELETE", "/v1/operations/" + operation, "").status())
                .isEqualTo(204);

        assertThat(http.get("/v1/operations/" + operation + "/events").body()).containsIgnoringCase("cancelled");
        assertThat(Outcome.text(http.get("/v1/operations/" + operation).object(), "state"))
                .isEqualToIgnoringCase("cancelled");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "[]",
                "\"text\"",
                "{\"name\":\"Bad_Name\"}",
                "{\"cpus\":0}",
                "{\"cpus\":\"many\"}",
                "{\"nosuchfield\":1}",
                "{\"memoryMiB\":99999999}",
                "{\"ports\":[{\"hostPort\":0,\"guestPort\":80}]}"
            })
    void aBadBodyIs400AndSaysWhy(String body) {
        HttpOverSocket.Answer answer = http.request("POST", "/v1/vms", body);

        assertThat(answer.status()).as(answer.body()).isEqualTo(400);
        assertThat(answer.body()).contains("INVALID_ARGUMENT").doesNotContain("Exception", "\\tat ");
    }

    @Test
    void whatIsNotThereIs404() {
        assertThat(http.get("/v1/nothing").status()).isEqualTo(404);
        assertThat(http.get("/v1/vms/nosuch").status()).isEqualTo(404);
        assertThat(http.get("/v1/operations/nosuch").status()).isEqualTo(404);
        assertThat(http.request("DELETE", "/v1/vms/nosuch", "").status()).isEqualTo(404);
        assertThat(http.get("/v1/vms/..%2f..%2fetc").status()).isBetween(400, 404);
    }

    @Test
    void theApiDescribesItself() {
        assertThat(http.get("/openapi.json").object()).containsKeys("openapi", "paths");
        assertThat(http.get("/metrics").body()).contains("# TYPE");
        assertThat(http.get("/v1/daemon").object()).isNotEmpty();
        assertThat(http.get("/v1/images").body()).contains("debian");
        assertThat(http.get("/v1/kernels").body()).contains("debian");
        assertThat(http.get("/v1/doctor").status()).isEqualTo(200);
    }

    /** A10: bytes of no protocol end their own connection alone. */
    @Test
    void garbageOnTheSocketHarmsNobody() {
        long daemon = HOME.daemonPid();
        for (byte[] garbage : new byte[][] {
            {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
            {1, 0, 0, 0, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff},
            {1, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0},
            "NOT HTTP AT ALL\r\n\r\n".getBytes(StandardCharsets.UTF_8),
            ("GET / HTTP/1.1\r\n" + "x".repeat(100_000) + "\r\n\r\n").getBytes(StandardCharsets.UTF_8)
        }) {
            try {
                http.exchange(garbage);
            } catch (java.io.UncheckedIOException closed) {
                assertThat(closed.getCause()).isNotNull(); // the daemon closed before it had read all
            }
        }
        assertThat(HOME.daemonPid()).isEqualTo(daemon);
    }
}
