package dev.banger.host.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.dns.DnsServer;
import dev.banger.host.dns.Forwarding;
import dev.banger.host.dns.ListenAddress;
import dev.banger.host.linux.NetworkLab;
import dev.banger.network.Cidr;
import dev.banger.network.Egress;
import dev.banger.network.Egress.Destination;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** The DNS server and the firewall together: a guest's packets, a resolver on the internet. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class NamedEgressTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(600);
    private static final int WEB = 8443;
    private static final int DNS = 53;
    private static final int UDP_PAYLOAD = 42;

    private final BridgedLab lab = new BridgedLab(BridgedLab.Kind.NFTABLES);

    @AfterEach
    void close() throws Exception {
        lab.close();
    }

    /** Says of every name that it is at {@link NetworkLab#INTERNET}. */
    private DatagramSocket resolver() throws Exception {
        DatagramSocket socket = lab.lab.within(lab.lab.internet(), () -> new DatagramSocket(DNS));
        Thread.ofPlatform().daemon().name("resolver").start(() -> {
            try {
                DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
                while (true) {
                    packet.setLength(1500);
                    socket.receive(packet);
                    Message answer = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
                    answer.getHeader().setFlag(Flags.QR);
                    answer.addRecord(
                            new ARecord(
                                    answer.getQuestion().getName(),
                                    DClass.IN,
                                    60,
                                    InetAddress.ofLiteral(NetworkLab.INTERNET)),
                            Section.ANSWER);
                    byte[] wire = answer.toWire();
                    socket.send(new DatagramPacket(wire, wire.length, packet.getSocketAddress()));
                }
            } catch (java.io.IOException e) {
                return; // closed
            }
        });
        return socket;
    }

    private DnsServer server() throws Exception {
        DnsServer server = new DnsServer(
                List.of(new ListenAddress(
                        new InetSocketAddress(
                                InetAddress.ofLiteral(
                                        BridgedLab.BRIDGE.address().toString()),
                                DNS),
                        ListenAddress.Role.GUEST)),
                new Forwarding(
                        () -> List.of(new InetSocketAddress(InetAddress.ofLiteral(NetworkLab.INTERNET), DNS)),
                        SOON,
                        64,
                        (guest, name, addresses, ttl) -> CompletableFuture.runAsync(
                                () -> lab.network.changeEgress(
                                        "vm1", to(addresses.getFirst().getHostAddress())),
                                task -> Thread.ofPlatform().daemon().start(task))));
        lab.lab.within(lab.lab.host(), () -> {
            server.start(); // its thread, and what it opens, is where this one is
            return server.awaitAddresses(SOON);
        });
        return server;
    }

    private static Egress to(String address) {
        return new Egress.Only(List.of(new Destination(Cidr.of(address), WEB)));
    }

    @Test
    void anAddressIsReachedFromTheMomentTheGuestKnowsIt() throws Exception {
        lab.network.open(List.of());
        UdpEcho web = lab.echo(lab.lab.internet(), WEB);
        FakeGuest guest = lab.guest("vm1", 10, to("203.0.113.7"));
        try (DatagramSocket resolver = resolver();
                DnsServer server = server()) {
            assertThat(guest.hearsEcho(NetworkLab.INTERNET, WEB, "early", SHORT))
                    .isFalse();
            byte[] query = Message.newQuery(Record.newRecord(Name.fromString("example.org."), Type.A, DClass.IN))
                    .toWire();
            guest.send(Frames.ethernet(
                    BridgedLab.BRIDGE.mac().text(),
                    guest.mac(),
                    Frames.IPV4,
                    Frames.ipv4(
                            guest.ip(),
                            BridgedLab.BRIDGE.address().toString(),
                            Frames.UDP,
                            Frames.udp(4000, DNS, query))));
            Optional<byte[]> answer = guest.await(frame -> Frames.contains(frame, "\7example\3org"), SOON);
            assertThat(answer).isPresent();

            guest.sendUdp(NetworkLab.INTERNET, WEB, "the first packet");

            assertThat(guest.await(frame -> Frames.contains(frame, "the first packet"), SOON))
                    .isPresent();
            Message told = new Message(Arrays.copyOfRange(answer.get(), UDP_PAYLOAD, answer.get().length));
            assertThat(told.getSection(Section.ANSWER).getFirst().rdataToString())
                    .isEqualTo(NetworkLab.INTERNET);
            assertThat(web.heard("early")).isFalse();
            assertThat(server.addresses()).isNotEmpty();
            assertThat(resolver.isClosed()).isFalse();
        }
    }
}
