package dev.banger.host.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.dns.ListenAddress.Role;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

/** What each kind of query is answered with. */
class ResponderTest {
    private final Zone zone = Zone.of(Map.of("dev.vm", "127.64.0.2", "web-1.vm", "127.64.0.3"));
    private final Responder responder = new Responder(() -> zone, "banger pid=1 id=2");

    private static Message query(String name, int type) throws IOException {
        return Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    }

    private Message answer(Message query) throws IOException {
        return answer(query, Role.HOST);
    }

    private Message answer(Message query, Role role) throws IOException {
        Reaction reaction = responder.react(query.toWire(), Transport.UDP, role);
        assertThat(reaction).isInstanceOf(Reaction.Answer.class);
        Message answer = new Message(((Reaction.Answer) reaction).wire());
        assertThat(answer.getHeader().getID()).isEqualTo(query.getHeader().getID());
        assertThat(answer.getHeader().getFlag(Flags.QR)).isTrue();
        return answer;
    }

    private static void assertNegative(Message answer, int rcode) {
        assertThat(answer.getRcode()).isEqualTo(rcode);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        assertThat(answer.getSection(Section.AUTHORITY))
                .singleElement()
                .isInstanceOfSatisfying(SOARecord.class, soa -> {
                    assertThat(soa.getName()).hasToString("vm.");
                    assertThat(soa.getMinimum()).isEqualTo(1);
                    assertThat(soa.getTTL()).isEqualTo(1);
                });
    }

    @ParameterizedTest
    @ValueSource(ints = {Type.A, Type.ANY})
    void aKnownNameHasItsAddress(int type) throws IOException {
        Message answer = answer(query("dev.vm.", type));

        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
        assertThat(answer.getHeader().getFlag(Flags.RD)).isTrue();
        assertThat(answer.getSection(Section.ANSWER)).singleElement().isInstanceOfSatisfying(ARecord.class, a -> {
            assertThat(a.getAddress().getHostAddress()).isEqualTo("127.64.0.2");
            assertThat(a.getTTL()).isEqualTo(1);
        });
    }

    @Test
    void theCaseOfTheQuestionIsKept() throws IOException {
        Message answer = answer(query("DeV.vM.", Type.A));

        assertThat(answer.getQuestion().getName()).hasToString("DeV.vM.");
        assertThat(answer.getSection(Section.ANSWER).getFirst().getName()).hasToString("DeV.vM.");
    }

    @ParameterizedTest
    @ValueSource(ints = {Type.AAAA, Type.MX, Type.TXT, Type.SOA, Type.HTTPS, 65280})
    void otherTypesOfAKnownNameAreEmpty(int type) throws IOException {
        assertNegative(answer(query("dev.vm.", type)), Rcode.NOERROR);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nobody.vm.", "www.dev.vm.", "dev.vm.vm.", "dev\\.vm.vm.", "\\000.vm.", "*.vm."})
    void unknownNamesDoNotExist(String name) throws IOException {
        assertNegative(answer(query(name, Type.A)), Rcode.NXDOMAIN);
        assertNegative(answer(query(name, Type.A), Role.GUEST), Rcode.NXDOMAIN);
    }

    @Test
    void theDomainItselfExists() throws IOException {
        assertNegative(answer(query("vm.", Type.A)), Rcode.NOERROR);
        assertThat(answer(query("VM.", Type.SOA)).getSection(Section.ANSWER)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"example.com.", "vm.example.com.", "devvm.", "localhost.", "2.0.64.127.in-addr.arpa.", "."})
    void theHostIsRefusedAllOtherNames(String name) throws IOException {
        Message answer = answer(query(name, Type.A));

        assertThat(answer.getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(answer.getHeader().getFlag(Flags.RA)).isFalse();
    }

    @Test
    void otherNamesAreForwardedForGuests() throws IOException {
        assertThat(responder.react(query("example.com.", Type.A).toWire(), Transport.UDP, Role.GUEST))
                .isInstanceOf(Reaction.Forward.class);
    }

    @Test
    void theProbeIsAnsweredToTheHostAlone_P55() throws IOException {
        assertThat(answer(query("_banger.vm.", Type.TXT)).getSection(Section.ANSWER))
                .singleElement()
                .isInstanceOfSatisfying(
                        TXTRecord.class, txt -> assertThat(txt.getStrings()).containsExactly("banger pid=1 id=2"));
        assertNegative(answer(query("_banger.vm.", Type.TXT), Role.GUEST), Rcode.NXDOMAIN);
    }

    @ParameterizedTest
    @ValueSource(ints = {DClass.CH, DClass.ANY, DClass.NONE})
    void otherClassesAreRefused(int dclass) throws IOException {
        Message query = Message.newQuery(Record.newRecord(Name.fromString("dev.vm."), Type.A, dclass));

        assertThat(answer(query).getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(answer(query, Role.GUEST).getRcode()).isEqualTo(Rcode.REFUSED);
    }

    @ParameterizedTest
    @ValueSource(ints = {Type.AXFR, Type.IXFR})
    void theZoneIsNotHandedOut(int type) throws IOException {
        assertThat(answer(query("vm.", type)).getRcode()).isEqualTo(Rcode.REFUSED);
    }

    @ParameterizedTest
    @ValueSource(ints = {Opcode.IQUERY, Opcode.STATUS, Opcode.NOTIFY, Opcode.UPDATE, 15})
    void onlyQueriesAreImplemented(int opcode) throws IOException {
        Message query = query("dev.vm.", Type.A);
        query.getHeader().setOpcode(opcode);

        Message answer = answer(query);
        assertThat(answer.getRcode()).isEqualTo(Rcode.NOTIMP);
        assertThat(answer.getHeader().getOpcode()).isEqualTo(opcode);
    }

    @ParameterizedTest
    @CsvSource({"0, 512", "100, 512", "900, 900", "1232, 1232", "65535, 1232"})
    void anAnswerByUdpIsAsLongAsTheQueryAllows(int payload, int limit) throws IOException {
        Message query = query("dev.vm.", Type.A);
        if (payload > 0) {
            query.addRecord(new OPTRecord(payload, 0, 0), Section.ADDITIONAL);
        }

        assertThat(Responder.limit(query, Transport.UDP)).isEqualTo(limit);
        assertThat(Responder.limit(query, Transport.TCP)).isEqualTo(65535);
    }

    @Test
    void ednsIsAnsweredWithEdns() throws IOException {
        Message query = query("dev.vm.", Type.A);
        query.addRecord(new OPTRecord(4096, 0, 0), Section.ADDITIONAL);

        assertThat(answer(query).getOPT()).isNotNull();
        assertThat(answer(query("dev.vm.", Type.A)).getOPT()).isNull();
    }

    @Test
    void aLaterVersionOfEdnsIsSaidToBeUnknown() throws IOException {
        Message query = query("dev.vm.", Type.A);
        query.addRecord(new OPTRecord(4096, 0, 1), Section.ADDITIONAL);

        assertThat(answer(query).getRcode()).isEqualTo(Rcode.BADVERS);
    }

    @Test
    void twoQuestionsTwoOptsOrNoQuestionAreMalformed() throws IOException {
        Message two = query("dev.vm.", Type.A);
        two.addRecord(Record.newRecord(Name.fromString("web-1.vm."), Type.A, DClass.IN), Section.QUESTION);
        Message opts = query("dev.vm.", Type.A);
        opts.addRecord(new OPTRecord(4096, 0, 0), Section.ADDITIONAL);
        opts.addRecord(new OPTRecord(4096, 0, 0), Section.ADDITIONAL);

        assertThat(answer(two).getRcode()).isEqualTo(Rcode.FORMERR);
        assertThat(answer(opts).getRcode()).isEqualTo(Rcode.FORMERR);
        assertThat(answer(new Message(7)).getRcode()).isEqualTo(Rcode.FORMERR);
    }

    @Test
    void answersAndFragmentsAreNotAnswered() throws IOException {
        Message response = query("dev.vm.", Type.A);
        response.getHeader().setFlag(Flags.QR);

        assertThat(responder.react(response.toWire(), Transport.UDP, Role.HOST)).isInstanceOf(Reaction.Drop.class);
        assertThat(responder.react(new byte[11], Transport.UDP, Role.HOST)).isInstanceOf(Reaction.Drop.class);
        assertThat(responder.react(new byte[0], Transport.TCP, Role.GUEST)).isInstanceOf(Reaction.Drop.class);
    }

    @Test
    void aQueryThatIsCutIsMalformed() throws IOException {
        byte[] whole = query("dev.vm.", Type.A).toWire();
        byte[] cut = Arrays.copyOf(whole, whole.length - 3);

        Message answer = new Message(((Reaction.Answer) responder.react(cut, Transport.UDP, Role.HOST)).wire());

        assertThat(answer.getRcode()).isEqualTo(Rcode.FORMERR);
        assertThat(answer.getHeader().getID())
                .isEqualTo(new Message(whole).getHeader().getID());
    }

    /** A name that points at itself: 0xC00C at offset 12. */
    @Test
    void aLoopOfPointersIsMalformed() throws IOException {
        byte[] query = {0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, (byte) 0xc0, 12, 0, 1, 0, 1};

        Message answer = new Message(((Reaction.Answer) responder.react(query, Transport.UDP, Role.HOST)).wire());

        assertThat(answer.getRcode()).isEqualTo(Rcode.FORMERR);
    }

    @ParameterizedTest
    @EnumSource(Role.class)
    void whateverBytesComeAnAnswerIsWellFormedAndShort(Role role) throws IOException {
        Random random = new Random(20_261_124);
        byte[] seed = query("dev.vm.", Type.A).toWire();
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes;
            if (i % 2 == 0) {
                bytes = new byte[random.nextInt(300)];
                random.nextBytes(bytes);
            } else {
                bytes = seed.clone();
                for (int flips = random.nextInt(1, 5); flips > 0; flips--) {
                    bytes[random.nextInt(2, bytes.length)] = (byte) random.nextInt();
                }
            }
            if (responder.react(bytes, Transport.UDP, role) instanceof Reaction.Answer answer) {
                assertThat(answer.wire().length).isBetween(12, 1232);
                assertThat(new Message(answer.wire()).getHeader().getFlag(Flags.QR))
                        .isTrue();
            }
        }
    }
}
