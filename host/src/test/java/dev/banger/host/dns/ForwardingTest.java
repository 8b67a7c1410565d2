package dev.banger.host.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.dns.ListenAddress.Role;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/** Guests' queries for names of others, forwarded over real sockets to resolvers on loopback. */
@Timeout(60)
class ForwardingTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    /** Another than clients come from: from its own come this host's programs. */
    private static final InetAddress SERVER = InetAddress.ofLiteral("127.0.0.9");
    /** Never had where something answers at once. */
    private static final Duration LONG = Duration.ofSeconds(30);

    private static final Duration SHORT = Duration.ofMillis(300);

    private record Told(String name, List<InetAddress> addresses, Duration ttl) {}

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<Told> told = new CopyOnWriteArrayList<>();
    private final Semaphore heard = new Semaphore(0);
    /** When answers may go; by default at once. */
    private final Map<String, CompletionStage<?>> allowed = new ConcurrentHashMap<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private FakeUpstream upstream(Function<Message, List<byte[]>> answers) throws IOException {
        FakeUpstream upstream = new FakeUpstream(answers);
        open.add(upstream);
        return upstream;
    }

    private DnsClient guest(Duration patience, InetSocketAddress... upstreams) throws InterruptedException {
        return guest(patience, 64, List.of(upstreams));
    }

    private DnsClient guest(Duration patience, int outstanding, List<InetSocketAddress> upstreams)
            throws InterruptedException {
        DnsServer server = new DnsServer(
                List.of(new ListenAddress(new InetSocketAddress(SERVER, 0), Role.GUEST)),
                new Forwarding(() -> upstreams, patience, outstanding, (guest, name, addresses, ttl) -> {
                    assertThat(guest).isEqualTo(LOOPBACK);
                    told.add(new Told(name, addresses, ttl));
                    heard.release();
                    return allowed.getOrDefault(name, CompletableFuture.completedStage(null));
                }));
        server.replaceDns(Map.of("dev.vm", "127.64.0.2"));
        server.start();
        open.add(server);
        return new DnsClient(server.awaitAddresses(DnsClient.PATIENCE).getFirst());
    }

    private static Name name(String text) {
        try {
            return Name.fromString(text);
        } catch (TextParseException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static Message response(Message query) {
        Message response = new Message(query.getHeader().getID());
        response.getHeader().setFlag(Flags.QR);
        response.getHeader().setFlag(Flags.RA);
        response.addRecord(query.getQuestion(), Section.QUESTION);
        return response;
    }

    private static Record a(Name name, String address) {
        return new ARecord(name, DClass.IN, 60, InetAddress.ofLiteral(address));
    }

    private static List<byte[]> address(Message query, String address) {
        Message response = response(query);
        response.addRecord(a(query.getQuestion().getName(), address), Section.ANSWER);
        return List.of(response.toWire());
    }

    private static List<byte[]> failure(Message query, int rcode) {
        Message response = response(query);
        response.getHeader().setRcode(rcode);
        return List.of(response.toWire());
    }

    private static String firstAddress(Message answer) {
        assertThat(answer.getSection(Section.ANSWER)).as(answer.toString()).isNotEmpty();
        return answer.getSection(Section.ANSWER).getFirst().rdataToString();
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void aGuestGetsTheAnswerOfTheUpstream(Transport transport) throws Exception {
        FakeUpstream upstream = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(LONG, upstream.address());

        Message answer = guest.ask(transport, "Example.com.");

        assertThat(firstAddress(answer)).isEqualTo("192.0.2.7");
        assertThat(answer.getQuestion().getName()).hasToString("Example.com.");
        assertThat(told)
                .containsExactly(
                        new Told("example.com", List.of(InetAddress.ofLiteral("192.0.2.7")), Duration.ofSeconds(60)));
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void namesOfVmsAreNeverForwarded(Transport transport) throws Exception {
        FakeUpstream upstream = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(LONG, upstream.address());

        assertThat(firstAddress(guest.ask(transport, "dev.vm."))).isEqualTo("127.64.0.2");
        assertThat(guest.ask(transport, "Nobody.VM.").getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(guest.ask(transport, "vm.").getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(upstream.asked()).isEmpty();
        assertThat(told).isEmpty();
    }

    @Test
    void onlyTheQuestionAndTheFlagsOfDnssecGoOn() throws Exception {
        FakeUpstream upstream = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(LONG, upstream.address());
        Message query = DnsClient.query("example.com.", Type.A);
        query.getHeader().setFlag(Flags.CD);
        query.addRecord(new OPTRecord(4096, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
        query.addRecord(a(name("smuggled.example."), "192.0.2.9"), Section.ADDITIONAL);

        guest.ask(Transport.UDP, query);

        assertThat(upstream.asked()).singleElement().satisfies(asked -> {
            assertThat(asked.getHeader().getFlag(Flags.CD)).isTrue();
            assertThat(asked.getHeader().getFlag(Flags.RD)).isTrue();
            assertThat(asked.getSection(Section.ADDITIONAL)).singleElement().isInstanceOf(OPTRecord.class);
            assertThat(asked.getOPT().getPayloadSize()).isEqualTo(1232);
            assertThat(asked.getOPT().getFlags() & ExtendedFlags.DO).isNotZero();
        });
    }

    @Test
    void idsAndPortsDifferFromQueryToQuery() throws Exception {
        FakeUpstream upstream = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(LONG, upstream.address());
        for (int i = 0; i < 12; i++) {
            Message query = DnsClient.query("example.com.", Type.A);
            query.getHeader().setID(7);
            guest.ask(Transport.UDP, query);
        }

        assertThat(new HashSet<>(upstream.sourcePorts())).hasSizeGreaterThan(6);
        assertThat(upstream.asked().stream()
                        .map(asked -> asked.getHeader().getID())
                        .distinct())
                .hasSizeGreaterThan(6);
    }

    /** RFC 5452: another id, another question, no answer at all, bytes of nothing; then the real one. */
    @Test
    void forgedAnswersAreNotTaken() throws Exception {
        FakeUpstream upstream = upstream(query -> {
            List<byte[]> all = new ArrayList<>();
            byte[] otherId = address(query, "203.0.113.1").getFirst();
            otherId[1] ^= 1;
            all.add(otherId);
            Message otherName = response(sameIdFor("evil.example.", query));
            otherName.addRecord(a(name("example.com."), "203.0.113.2"), Section.ANSWER);
            all.add(otherName.toWire());
            Message otherType = new Message(query.getHeader().getID());
            otherType.getHeader().setFlag(Flags.QR);
            otherType.addRecord(Record.newRecord(name("example.com."), Type.AAAA, DClass.IN), Section.QUESTION);
            all.add(otherType.toWire());
            Message noAnswer = response(query);
            noAnswer.getHeader().unsetFlag(Flags.QR);
            all.add(noAnswer.toWire());
            all.add(new byte[] {1, 2, 3});
            all.add(new byte[0]);
            all.addAll(address(query, "192.0.2.7"));
            return all;
        });
        DnsClient guest = guest(LONG, upstream.address());

        assertThat(firstAddress(guest.ask(Transport.UDP, "example.com."))).isEqualTo("192.0.2.7");
        assertThat(told).extracting(Told::addresses).containsExactly(List.of(InetAddress.ofLiteral("192.0.2.7")));
    }

    private static Message sameIdFor(String otherName, Message query) {
        Message other = new Message(query.getHeader().getID());
        other.addRecord(Record.newRecord(name(otherName), Type.A, DClass.IN), Section.QUESTION);
        return other;
    }

    /** The right id and question from another port never get as far as the server. */
    @Test
    void anAnswerFromAnotherAddressIsNotTaken() throws Exception {
        FakeUpstream[] own = new FakeUpstream[1];
        FakeUpstream upstream = upstream(query -> {
            byte[] forged = address(query, "203.0.113.1").getFirst();
            try (DatagramSocket elsewhere = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0))) {
                elsewhere.send(new DatagramPacket(
                        forged, forged.length, LOOPBACK, own[0].sourcePorts().getLast()));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            return address(query, "192.0.2.7");
        });
        own[0] = upstream;
        DnsClient guest = guest(LONG, upstream.address());

        assertThat(firstAddress(guest.ask(Transport.UDP, "example.com."))).isEqualTo("192.0.2.7");
    }

    @Test
    void whoeverGuessesGetsNoMoreGuessesAtOneId() throws Exception {
        FakeUpstream guessing = upstream(query -> {
            List<byte[]> guesses = new ArrayList<>();
            for (int i = 1; i <= 40; i++) {
                byte[] guess = address(query, "203.0.113.1").getFirst();
                guess[0] ^= (byte) i;
                guesses.add(guess);
            }
            return guesses;
        });
        FakeUpstream honest = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(LONG, guessing.address(), honest.address());

        assertThat(firstAddress(guest.ask(Transport.UDP, "example.com."))).isEqualTo("192.0.2.7");
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void theNextUpstreamIsAskedWhenOneDoesNotKnow(Transport transport) throws Exception {
        FakeUpstream broken = upstream(query -> failure(query, Rcode.SERVFAIL));
        FakeUpstream honest = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(LONG, broken.address(), honest.address());

        assertThat(firstAddress(guest.ask(transport, "example.com."))).isEqualTo("192.0.2.7");
    }

    @Test
    void aNameThatDoesNotExistIsAnAnswer() throws Exception {
        FakeUpstream first = upstream(query -> failure(query, Rcode.NXDOMAIN));
        FakeUpstream second = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(LONG, first.address(), second.address());

        assertThat(guest.ask(Transport.UDP, "example.com.").getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(second.asked()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void silentAndClosedUpstreamsAreLeftForTheNext(Transport transport) throws Exception {
        FakeUpstream silent = upstream(query -> List.of());
        FakeUpstream closed = upstream(query -> List.of());
        InetSocketAddress nobody = closed.address();
        closed.close();
        FakeUpstream honest = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(SHORT, nobody, silent.address(), honest.address());

        assertThat(firstAddress(guest.ask(transport, "example.com."))).isEqualTo("192.0.2.7");
    }

    @Test
    void withoutAnAnswerTheGuestHearsOfTheFailure() throws Exception {
        FakeUpstream silent = upstream(query -> List.of());

        assertThat(guest(SHORT, silent.address())
                        .ask(Transport.UDP, "example.com.")
                        .getRcode())
                .isEqualTo(Rcode.SERVFAIL);
        assertThat(guest(SHORT).ask(Transport.UDP, "example.com.").getRcode()).isEqualTo(Rcode.SERVFAIL);
    }

    /** A resolver of this host, say, which is led to the server for names of VMs and must not be led in a circle. */
    @ParameterizedTest
    @EnumSource(Transport.class)
    void thisHostsProgramsAreServedAsSuchAtTheAddressOfGuests(Transport transport) throws Exception {
        FakeUpstream upstream = upstream(query -> address(query, "192.0.2.7"));
        DnsServer server = new DnsServer(
                List.of(new ListenAddress(new InetSocketAddress(LOOPBACK, 0), Role.GUEST)),
                new Forwarding(() -> List.of(upstream.address()), LONG, 8, AnswerListener.NONE));
        server.replaceDns(Map.of("dev.vm", "127.64.0.2"));
        server.start();
        open.add(server);
        InetSocketAddress address = server.awaitAddresses(DnsClient.PATIENCE).getFirst();
        DnsClient host = new DnsClient(address);

        assertThat(firstAddress(host.ask(transport, "dev.vm."))).isEqualTo("127.64.0.2");
        assertThat(host.ask(transport, "example.com.").getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(upstream.asked()).isEmpty();
        assertThat(NameProbe.ask(address))
                .hasValueSatisfying(found -> assertThat(found).startsWith("banger pid="));
        assertThat(server.doctor())
                .first()
                .satisfies(row -> assertThat(row.finding()).contains("is answered on"));
    }

    @Test
    void theServerNeverAsksItself() throws Exception {
        List<InetSocketAddress> upstreams = new CopyOnWriteArrayList<>();
        DnsClient guest = guest(LONG, 64, upstreams);
        DnsServer server = (DnsServer) open.getLast();
        upstreams.addAll(server.addresses());

        assertThat(guest.ask(Transport.UDP, "example.com.").getRcode()).isEqualTo(Rcode.SERVFAIL);
    }

    @Test
    void anAnswerTooLongForADatagramIsCutAndComesWholeByTcp() throws Exception {
        FakeUpstream upstream = upstream(query -> {
            Message response = response(query);
            for (int i = 0; i < 8; i++) {
                response.addRecord(
                        new TXTRecord(query.getQuestion().getName(), DClass.IN, 60, i + "x".repeat(200)),
                        Section.ANSWER);
            }
            return List.of(response.toWire());
        });
        DnsClient guest = guest(LONG, upstream.address());
        Message query = DnsClient.query("example.com.", Type.TXT);

        Message cut = guest.ask(Transport.UDP, query);
        Message whole = guest.ask(Transport.TCP, query);

        assertThat(cut.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(cut.toWire().length).isLessThanOrEqualTo(512);
        assertThat(whole.getHeader().getFlag(Flags.TC)).isFalse();
        assertThat(whole.getSection(Section.ANSWER)).hasSize(8);
    }

    @Test
    void queriesUnderWayAreLimitedForEachGuest() throws Exception {
        FakeUpstream silent = upstream(query -> List.of());
        DnsClient guest = guest(LONG, 8, List.of(silent.address()));
        List<Socket> waiting = new ArrayList<>();
        try {
            for (int i = 0; i < 2; i++) { // a quarter of 8
                Socket socket = guest.connect();
                waiting.add(socket);
                DnsClient.send(socket, DnsClient.query("slow.example.", Type.A).toWire());
            }
            try (Socket third = guest.connect()) {
                DnsClient.send(third, DnsClient.query("slow.example.", Type.A).toWire());
                assertThat(DnsClient.receive(third).getRcode()).isEqualTo(Rcode.SERVFAIL);
            }
            assertThat(firstAddress(guest.ask(Transport.UDP, "dev.vm.")))
                    .as("names of VMs wait for nobody")
                    .isEqualTo("127.64.0.2");
        } finally {
            for (Socket socket : waiting) {
                socket.close();
            }
        }
    }

    /** Until the rules for it are in place, say. */
    @ParameterizedTest
    @EnumSource(Transport.class)
    void anAnswerWaitsForTheListenerAndNobodyElseDoes(Transport transport) throws Exception {
        FakeUpstream upstream = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(LONG, upstream.address());
        CompletableFuture<Void> rules = new CompletableFuture<>();
        allowed.put("slow.example", rules);
        CompletableFuture<Message> slow = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                slow.complete(guest.ask(transport, "slow.example."));
            } catch (IOException | RuntimeException e) {
                slow.completeExceptionally(e);
            }
        });
        heard.acquire();

        // Not on the connection that waits: there, answers come in the order of the queries.
        assertThat(firstAddress(guest.ask(Transport.UDP, "example.com."))).isEqualTo("192.0.2.7");
        assertThat(slow).isNotDone();
        rules.complete(null);

        assertThat(firstAddress(slow.get())).isEqualTo("192.0.2.7");
    }

    @Test
    void anAnswerThatTheListenerWithholdsIsAFailure() throws Exception {
        FakeUpstream upstream = upstream(query -> address(query, "192.0.2.7"));
        DnsClient guest = guest(LONG, upstream.address());
        allowed.put("refused.example", CompletableFuture.failedStage(new IllegalStateException("no rules")));
        allowed.put("late.example", new CompletableFuture<>());

        assertThat(guest.ask(Transport.UDP, "refused.example.").getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(guest.ask(Transport.UDP, "late.example.").getRcode()).isEqualTo(Rcode.SERVFAIL);
    }

    @Test
    void addressesAreThoseOfTheNameAndItsAliases() throws Exception {
        FakeUpstream upstream = upstream(query -> {
            Message response = response(query);
            Name asked = query.getQuestion().getName();
            Name alias = name("cdn.example.");
            for (Record record : Arrays.asList(
                    a(name("unrelated.example."), "203.0.113.1"),
                    new CNAMERecord(asked, DClass.IN, 20, alias),
                    a(alias, "192.0.2.7"),
                    a(alias, "192.0.2.8"))) {
                response.addRecord(record, Section.ANSWER);
            }
            return List.of(response.toWire());
        });
        DnsClient guest = guest(LONG, upstream.address());

        guest.ask(Transport.UDP, "www.example.com.");

        assertThat(told)
                .containsExactly(new Told(
                        "www.example.com",
                        List.of(InetAddress.ofLiteral("192.0.2.7"), InetAddress.ofLiteral("192.0.2.8")),
                        Duration.ofSeconds(20)));
    }

    @Test
    void aCircleOfAliasesIsNoAddress() throws IOException {
        Message response = response(DnsClient.query("a.example.", Type.A));
        response.addRecord(new CNAMERecord(name("a.example."), DClass.IN, 1, name("b.example.")), Section.ANSWER);
        response.addRecord(new CNAMERecord(name("b.example."), DClass.IN, 1, name("a.example.")), Section.ANSWER);

        assertThat(ToldAddresses.in(response)).isEmpty();
    }
}
