package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** D4, D5: {@code NAME.vm} leads to the VM while it runs. Queries are made by hand. */
@Order(65)
class NamesTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final int NXDOMAIN = 3;
    private static final int HEADER = 12;
    private static final int QTYPE_AND_CLASS = 4;
    private static final int RECORD_HEAD = 12; // a pointer to the name, type, class, TTL, length

    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("names");

    private static int freePort() throws IOException {
        try (ServerSocket any = new ServerSocket(0, 1, LOOPBACK)) {
            return any.getLocalPort();
        }
    }

    private static byte[] query(String name) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (int word : new int[] {0x4242, 0x0100, 1, 0, 0, 0}) {
            out.writeShort(word);
        }
        for (String label : name.split("\\.")) {
            out.writeByte(label.length());
            out.write(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.writeByte(0);
        out.writeShort(1); // A
        out.writeShort(1); // IN
        return bytes.toByteArray();
    }

    /** The address of a name; empty when the server says that there is none. */
    private static Optional<InetAddress> lookUp(int port, String name) throws IOException {
        byte[] query = query(name);
        DatagramPacket packet = new DatagramPacket(new byte[512], 512);
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(20_000);
            socket.connect(new InetSocketAddress(LOOPBACK, port));
            socket.send(new DatagramPacket(query, query.length));
            socket.receive(packet);
        }
        ByteBuffer answer = ByteBuffer.wrap(packet.getData(), 0, packet.getLength());
        assertThat(answer.getShort(0)).isEqualTo((short) 0x4242);
        int rcode = answer.get(3) & 0xf;
        int answers = answer.getShort(6);
        if (rcode == NXDOMAIN) {
            assertThat(answers).isZero();
            return Optional.empty();
        }
        assertThat(rcode).isZero();
        assertThat(answers).isEqualTo(1);
        int question = query.length - HEADER - QTYPE_AND_CLASS;
        byte[] address = new byte[4];
        answer.get(HEADER + question + QTYPE_AND_CLASS + RECORD_HEAD, address);
        return Optional.of(InetAddress.getByAddress(address));
    }

    /** The first eight characters that the sshd of a VM says on one connection to where `vm show` says that it is. */
    static String sshBanner(Map<String, Object> shown, Duration atMost) throws IOException {
        InetAddress address = InetAddress.ofLiteral(Outcome.text(shown, "address"));
        try (Socket socket = new Socket(address, Math.toIntExact(Outcome.number(shown, "sshPort")))) {
            socket.setSoTimeout(Math.toIntExact(atMost.toMillis()));
            return new String(socket.getInputStream().readNBytes(8), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void aNameLeadsToItsVmWhileThatRuns() throws IOException {
        int port = freePort();
        Banger banger = HOME.banger().with("BANGER_DNS_PORT", Integer.toString(port));
        banger.ok("daemon", "restart");
        banger.ok("vm", "create", "--name", "named");

        var named = banger.show("named");
        InetAddress address = lookUp(port, "named.vm").orElseThrow();
        assertThat(address.getHostAddress()).isEqualTo(Outcome.text(named, "address"));
        Awaitility.await("the guest's sshd, which starts after the agent")
                .atMost(Duration.ofSeconds(120))
                .ignoreExceptions()
                .until(() -> sshBanner(named, Duration.ofSeconds(5)).equals("SSH-2.0-"));
        assertThat(lookUp(port, "NaMeD.Vm")).contains(address);
        assertThat(lookUp(port, "other.vm")).isEmpty();
        assertThat(banger.run("doctor").out()).contains("NAME.vm is answered on 127.0.0.1:" + port);

        // B6: the next daemon knows it too.
        long daemon = HOME.daemonPid();
        Processes.signal(daemon, "KILL");
        assertThat(banger.vms()).containsExactly("named");
        Awaitility.await("the next daemon answers")
                .atMost(Duration.ofSeconds(20))
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(lookUp(port, "named.vm")).contains(address));

        banger.ok("vm", "stop", "named");
        assertThat(lookUp(port, "named.vm")).isEmpty();
        banger.ok("vm", "delete", "named");
        banger.ok("daemon", "stop");
        new DatagramSocket(new InetSocketAddress(LOOPBACK, port)).close();
    }

    @Test
    void anExternalToolIsToldInstead() throws IOException {
        Path file = HOME.path().resolve("names");
        Banger banger = HOME.banger().with("BANGER_MAPDNS_DATA_FILE", file.toString());
        banger.ok("daemon", "restart");
        banger.ok("vm", "create", "--name", "mapped");

        String address = Outcome.text(banger.show("mapped"), "address");
        Awaitility.await("the name is published")
                .atMost(Duration.ofSeconds(20))
                .until(() -> Files.readString(file).contains(address + " mapped.vm\n"));
        banger.ok("vm", "delete", "mapped");
        Awaitility.await("it is gone")
                .atMost(Duration.ofSeconds(20))
                .until(() -> !Files.readString(file).contains("mapped.vm"));
        banger.ok("daemon", "stop");
    }
}
