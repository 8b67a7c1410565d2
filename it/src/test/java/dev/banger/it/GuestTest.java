package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a guest finds: its identity, which it shares with no other, and its network, which leaves this machine nowhere. */
@Order(90)
class GuestTest {
    private static final String PORT = "18080";

    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("guest");

    private final Banger banger = HOME.banger();

    @BeforeAll
    void twoVms() {
        banger.ok("vm", "create", "--name", "one", "--publish", PORT + ":8000");
        banger.ok("vm", "create", "--name", "two", "--publish", PORT + ":8000");
    }

    @Test
    void theClockIsTheHosts() {
        Instant before = Instant.now();
        double guest = Double.parseDouble(banger.shell("one", "date +%s.%N"));
        Instant after = Instant.now();

        assertThat(guest).isBetween(seconds(before) - 1, seconds(after) + 1);
    }

    private static double seconds(Instant instant) {
        return instant.getEpochSecond() + instant.getNano() / 1e9;
    }

    @Test
    void randomnessIsThereFromTheStart() {
        assertThat(banger.shell("one", "cat /proc/sys/kernel/random/entropy_avail"))
                .isEqualTo("256");
        assertThat(banger.shell("one", "head -c 16 /dev/random | od -An -tx1"))
                .isNotEqualTo(banger.shell("two", "head -c 16 /dev/random | od -An -tx1"));
    }

    @Test
    void twoVmsShareNoIdentity() {
        for (String what : new String[] {
            "cat /etc/machine-id",
            "cat /etc/ssh/ssh_host_ed25519_key.pub",
            "cat /etc/ssh/ssh_host_ed25519_key",
            "cat /etc/hostname",
            "cat /sys/class/net/*/address | grep -v 00:00:00",
            "cat /proc/sys/kernel/random/boot_id"
        }) {
            String one = banger.shell("one", what);
            assertThat(one).as(what).isNotBlank().isNotEqualTo(banger.shell("two", what));
        }
        assertThat(Outcome.text(banger.show("one"), "address"))
                .isNotEqualTo(Outcome.text(banger.show("two"), "address"));
    }

    @Test
    void itKnowsItsOwnName() {
        assertThat(banger.shell(
                        "one", "hostname; getent hosts one | awk '{print $2}'; getent ahostsv4 localhost | head -n 1"))
                .startsWith("one\none\n127.0.0.1");
    }

    /** The host's loopback is reached at the gateway's address; the answer comes from a server of this test. */
    @Test
    void itReachesAServerOnTheHost() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] answer = "hello from the host".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        try {
            String url = "http://10.0.2.2:" + server.getAddress().getPort() + "/";
            assertThat(banger.shell("one", "curl -sS --max-time 30 " + url)).isEqualTo("hello from the host");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void bothPublishTheSamePortEachAtItsOwnAddress() {
        for (String vm : new String[] {"one", "two"}) {
            banger.shell(
                    vm,
                    "mkdir -p /srv/web && echo I am " + vm + " >/srv/web/who"
                            + " && (cd /srv/web && setsid python3 -m http.server 8000 >/dev/null 2>&1 </dev/null &)");
        }
        for (String vm : new String[] {"one", "two"}) {
            String url = "http://" + Outcome.text(banger.show(vm), "address") + ":" + PORT + "/who";
            Awaitility.await(url)
                    .atMost(Duration.ofSeconds(60))
                    .ignoreExceptions()
                    .untilAsserted(() -> assertThat(fetch(url)).isEqualTo("I am " + vm + "\n"));
        }
    }

    private static String fetch(String url) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create(url))
                                    .timeout(Duration.ofSeconds(10))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void aPortThatIsTakenIsNamed() throws IOException {
        banger.ok("vm", "create", "--no-start", "--name", "third", "--publish", "18081:80");
        String address = Outcome.text(banger.show("third"), "address");

        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress(address, 18081));
            banger.run("vm", "start", "-q", "third").refused(125, "18081", "taken");
            assertThat(banger.state("third")).isEqualTo("stopped");
        }
        banger.ok("vm", "delete", "third");
    }

    @Test
    void theConsoleSaysNothingAlarming() {
        assertThat(banger.ok("vm", "logs", "one").out()).doesNotContain("Call Trace", "Kernel panic", "BUG:", "FAILED");
    }
}
