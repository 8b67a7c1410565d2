package dev.banger.host.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.host.dns.ListenAddress.Role;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** The server over real sockets. */
@Timeout(60)
class DnsServerTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private final DnsServer server = server(0);
    private DnsClient client = new DnsClient(new InetSocketAddress(LOOPBACK, 9));

    private static DnsServer server(int... ports) {
        List<ListenAddress> addresses = new ArrayList<>();
        for (int port : ports) {
            addresses.add(new ListenAddress(new InetSocketAddress(LOOPBACK, port), Role.HOST));
        }
        return new DnsServer(addresses, new Forwarding(List::of, Duration.ofSeconds(1), 8, AnswerListener.NONE));
    }

    @BeforeEach
    void open() throws InterruptedException {
        server.replaceDns(Map.of("dev.vm", "127.64.0.2"));
        server.start();
        client = new DnsClient(address(server));
    }

    @AfterEach
    void close() {
        server.close();
    }

    private static InetSocketAddress address(DnsServer opened) throws InterruptedException {
        return opened.awaitAddresses(DnsClient.PATIENCE).getFirst();
    }

    private static String address(Message answer) {
        return answer.getSection(Section.ANSWER).getFirst().rdataToString();
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void recordsAreAnsweredAndReplacedAsAWhole(Transport transport) throws IOException {
        assertThat(address(client.ask(transport, "dev.vm."))).isEqualTo("127.64.0.2");

        server.replaceDns(Map.of("web.vm", "127.64.0.3"));

        assertThat(client.ask(transport, "dev.vm.").getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(address(client.ask(transport, "web.vm."))).isEqualTo("127.64.0.3");
        assertThat(client.ask(transport, "example.com.").getRcode()).isEqualTo(Rcode.REFUSED);
    }

    @Test
    void queriesOfOneConnectionAreAnsweredOneAfterTheOther() throws IOException {
        try (Socket socket = client.connect()) {
            for (int i = 0; i < 20; i++) {
                Message query = DnsClient.query(i % 2 == 0 ? "dev.vm." : "none.vm.", Type.A);
                query.getHeader().setID(i);
                DnsClient.send(socket, query.toWire());
            }
            for (int i = 0; i < 20; i++) {
                Message answer = DnsClient.receive(socket);
                assertThat(answer.getHeader().getID()).isEqualTo(i);
                assertThat(answer.getRcode()).isEqualTo(i % 2 == 0 ? Rcode.NOERROR : Rcode.NXDOMAIN);
            }
        }
    }

    @Test
    void aQueryMayComeByteByByte() throws IOException {
        byte[] query = DnsClient.query("dev.vm.", Type.A).toWire();
        try (Socket socket = client.connect()) {
            socket.setTcpNoDelay(true);
            socket.getOutputStream().write(0);
            socket.getOutputStream().write(query.length);
            for (byte each : query) {
                socket.getOutputStream().write(each);
            }

            assertThat(address(DnsClient.receive(socket))).isEqualTo("127.64.0.2");
        }
    }

    @Test
    void aMessageLongerThanAnyQueryEndsTheConnection() throws IOException {
        try (Socket socket = client.connect()) {
            socket.getOutputStream().write(new byte[] {(byte) 0xff, (byte) 0xff, 1, 2, 3});

            assertThat(closed(socket)).isTrue();
        }
    }

    private static boolean closed(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true; // reset, since it had not read everything
        }
    }

    @Test
    void connectionsOfOneSourceAreLimitedAndComeBack() throws IOException {
        List<Socket> open = new ArrayList<>();
        try {
            for (int i = 0; i < TcpListener.OF_ONE_SOURCE; i++) {
                Socket socket = client.connect();
                open.add(socket);
                DnsClient.send(socket, DnsClient.query("dev.vm.", Type.A).toWire());
                assertThat(DnsClient.receive(socket).getRcode()).isEqualTo(Rcode.NOERROR);
            }
            try (Socket oneTooMany = client.connect()) {
                assertThat(closed(oneTooMany)).isTrue();
            }
            assertThat(address(client.ask(Transport.UDP, "dev.vm."))).isEqualTo("127.64.0.2");
        } finally {
            for (Socket socket : open) {
                socket.close();
            }
        }
        // It sees the ends of those before it takes new ones: they came first.
        for (int i = 0; i < 100; i++) {
            try (Socket socket = client.connect()) {
                DnsClient.send(socket, DnsClient.query("dev.vm.", Type.A).toWire());
                DnsClient.receive(socket);
                return;
            } catch (IOException e) {
                assertThat(i).as("tries").isLessThan(99);
            }
        }
    }

    @Test
    void whateverIsThrownAtItItAnswersTheNext() throws IOException {
        Random random = new Random(42);
        byte[] seed = DnsClient.query("dev.vm.", Type.A).toWire();
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(server.addresses().getFirst());
            for (int i = 0; i < 2000; i++) {
                byte[] bytes = i % 2 == 0 ? new byte[random.nextInt(1500)] : seed.clone();
                if (i % 2 == 0) {
                    random.nextBytes(bytes);
                } else {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
                socket.send(new DatagramPacket(bytes, bytes.length));
            }
        }
        for (int i = 0; i < 50; i++) {
            byte[] bytes = new byte[random.nextInt(100)];
            random.nextBytes(bytes);
            try (Socket socket = client.connect()) {
                socket.getOutputStream().write(bytes);
            }
        }

        assertThat(address(client.askUntilAnswered("dev.vm."))).isEqualTo("127.64.0.2");
    }

    /** P49: the second address is taken, so the first one is given back. */
    @Test
    void ofAddressesThatCannotAllBeHadNoneIsKept() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, LOOPBACK);
                ServerSocket free = new ServerSocket(0, 1, LOOPBACK)) {
            int freePort = free.getLocalPort();
            free.close();
            DnsServer refused = server(freePort, taken.getLocalPort());
            refused.start();
            List<Check> checks = awaitObstacle(refused, "127.0.0.1:" + taken.getLocalPort());

            assertThat(checks).singleElement().satisfies(check -> {
                assertThat(check.status()).isEqualTo(Status.WARN);
                assertThat(check.finding()).contains("Address already in use");
                assertThat(check.advice()).contains("BANGER_DNS_PORT");
            });
            new ServerSocket(freePort, 1, LOOPBACK).close();
            new DatagramSocket(new InetSocketAddress(LOOPBACK, freePort)).close();
            new DatagramSocket(new InetSocketAddress(LOOPBACK, taken.getLocalPort())).close();
            refused.close();
        }
    }

    private static List<Check> awaitObstacle(DnsServer refused, String words) throws InterruptedException {
        List<Check> checks = refused.doctor();
        for (int i = 0; i < 1000 && !checks.getFirst().finding().contains(words); i++) {
            assertThat(refused.awaitAddresses(Duration.ofMillis(10))).isEmpty();
            checks = refused.doctor();
        }
        return checks;
    }

    @Test
    void aSecondServerSaysWhoHasThePort_P55() throws Exception {
        try (DnsServer second = server(address(server).getPort())) {
            second.start();

            assertThat(awaitObstacle(second, "another banger").getFirst().finding())
                    .contains("held by another banger pid="
                            + ProcessHandle.current().pid());
        }
        assertThat(address(client.ask(Transport.UDP, "dev.vm."))).isEqualTo("127.64.0.2");
    }

    @Test
    void doctorKnowsOurOwnServerAndWhetherProgramsReachIt_P54_P55() throws InterruptedException {
        assertThat(server.doctor().getFirst()).satisfies(check -> {
            assertThat(check.status()).isEqualTo(Status.PASS);
            assertThat(check.finding()).contains("127.0.0.1:", "1 names");
        });

        InetSocketAddress ours = address(server);
        String identity = NameProbe.ask(ours).orElseThrow();
        assertThat(RoutingProbe.check(List.of(ours), identity, "x").status()).isEqualTo(Status.PASS);
        assertThat(RoutingProbe.check(List.of(ours), "another", "x").finding()).contains("led to another banger pid=");
        assertThat(RoutingProbe.check(List.of(), identity, "127.0.0.1:5").finding())
                .contains("does not ask 127.0.0.1:5");
    }

    @Test
    void closingFreesThePortAndASecondTimeIsHarmless_C5() throws Exception {
        int port = address(server).getPort();
        try (Socket open = client.connect()) {
            server.close();
            server.close();

            assertThat(closed(open)).isTrue();
        }
        assertThat(server.addresses()).isEmpty();
        new DatagramSocket(new InetSocketAddress(LOOPBACK, port)).close();
        try (DnsServer next = server(port)) {
            next.start();
            assertThat(next.awaitAddresses(DnsClient.PATIENCE)).hasSize(1);
        }
    }

    @Test
    void oneThatWasNeverStartedIsClosedAtOnce() {
        DnsServer idle = server(0);
        idle.replaceDns(Map.of());
        assertThat(idle.doctor()).singleElement().extracting(Check::status).isEqualTo(Status.WARN);
        idle.close();
    }
}
