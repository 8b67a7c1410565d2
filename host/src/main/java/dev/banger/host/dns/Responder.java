package dev.banger.host.dns;

import dev.banger.host.dns.ListenAddress.Role;
import java.io.IOException;
import java.net.Inet4Address;
import java.util.Optional;
import java.util.function.Supplier;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

/** Answers queries from the records there are. Bytes may be anybody's. Thread-safe. */
final class Responder {
    private static final int HEADER = 12;
    private static final int QR = 0x80;
    private static final int RD = 0x01;
    private static final int CLASSIC_UDP = 512;
    /** What passes every network unfragmented (DNS flag day 2020). */
    static final int EDNS_UDP = 1232;

    private static final int TCP_LIMIT = 65535;

    private final Supplier<Zone> zone;
    private final String identity;

    /** {@code identity} is what the probe is answered with. */
    Responder(Supplier<Zone> zone, String identity) {
        this.zone = zone;
        this.identity = identity;
    }

    Reaction react(byte[] wire, Transport transport, Role role) {
        if (wire.length < HEADER || (wire[2] & QR) != 0) {
            return new Reaction.Drop(); // answering an answer would let two servers talk for ever
        }
        Message query;
        try {
            query = new Message(wire);
        } catch (IOException | RuntimeException e) { // whatever the parser makes of hostile bytes
            return new Reaction.Answer(formatError(wire));
        }
        return react(query, transport, role);
    }

    private Reaction react(Message query, Transport transport, Role role) {
        int opcode = query.getHeader().getOpcode();
        if (opcode != Opcode.QUERY) {
            return error(query, Rcode.NOTIMP, transport);
        }
        long opts = query.getSection(Section.ADDITIONAL).stream()
                .filter(record -> record.getType() == Type.OPT)
                .count();
        Record question = query.getQuestion();
        if (question == null || query.getSection(Section.QUESTION).size() != 1 || opts > 1) {
            return error(query, Rcode.FORMERR, transport);
        }
        OPTRecord opt = query.getOPT();
        if (opt != null && opt.getVersion() != 0) {
            return error(query, Rcode.BADVERS, transport);
        }
        if (question.getDClass() != DClass.IN || question.getType() == Type.AXFR || question.getType() == Type.IXFR) {
            return error(query, Rcode.REFUSED, transport);
        }
        if (Zone.owns(question.getName())) {
            return new Reaction.Answer(wire(own(query, question, role), query, transport));
        }
        return switch (role) {
            case HOST -> error(query, Rcode.REFUSED, transport);
            case GUEST -> new Reaction.Forward(query);
        };
    }

    private Message own(Message query, Record question, Role role) {
        Message answer = answer(query, Rcode.NOERROR);
        answer.getHeader().setFlag(Flags.AA);
        if (role == Role.GUEST) {
            answer.getHeader().setFlag(Flags.RA);
        }
        Optional<Inet4Address> address = zone.get().find(question.getName());
        int type = question.getType();
        if (address.isPresent() && (type == Type.A || type == Type.ANY)) {
            // The name as it was asked for: resolvers vary its case to tell answers from forgeries.
            answer.addRecord(new ARecord(question.getName(), DClass.IN, Zone.TTL, address.get()), Section.ANSWER);
        } else if (role == Role.HOST && Zone.isProbe(question.getName()) && type == Type.TXT) {
            answer.addRecord(new TXTRecord(question.getName(), DClass.IN, 0, identity), Section.ANSWER);
        } else if (Zone.isApex(question.getName()) && type == Type.SOA) {
            answer.addRecord(Zone.soa(), Section.ANSWER);
        } else {
            boolean known = address.isPresent() || Zone.isApex(question.getName());
            answer.getHeader().setRcode(known ? Rcode.NOERROR : Rcode.NXDOMAIN);
            answer.addRecord(Zone.soa(), Section.AUTHORITY);
        }
        return answer;
    }

    private static Reaction error(Message query, int rcode, Transport transport) {
        return new Reaction.Answer(wire(answer(query, rcode), query, transport));
    }

    /** An answer without records, such as SERVFAIL. */
    static byte[] failure(Message query, int rcode, Transport transport) {
        return wire(answer(query, rcode), query, transport);
    }

    private static Message answer(Message query, int rcode) {
        Message answer = new Message(query.getHeader().getID());
        Header header = answer.getHeader();
        header.setFlag(Flags.QR);
        header.setOpcode(query.getHeader().getOpcode());
        if (query.getHeader().getFlag(Flags.RD)) {
            header.setFlag(Flags.RD);
        }
        header.setRcode(rcode & 0xf);
        Record question = query.getQuestion();
        if (question != null) {
            answer.addRecord(question, Section.QUESTION);
        }
        if (query.getOPT() != null) {
            answer.addRecord(new OPTRecord(EDNS_UDP, rcode >> 4, 0), Section.ADDITIONAL);
        }
        return answer;
    }

    private static byte[] wire(Message answer, Message query, Transport transport) {
        return answer.toWire(limit(query, transport));
    }

    /** How long the answer to a query may be, in bytes (RFC 6891). */
    static int limit(Message query, Transport transport) {
        OPTRecord opt = query.getOPT();
        return switch (transport) {
            case TCP -> TCP_LIMIT;
            case UDP -> opt == null ? CLASSIC_UDP : Math.clamp(opt.getPayloadSize(), CLASSIC_UDP, EDNS_UDP);
        };
    }

    /** What can be said about a message of which only the header is sure. */
    private static byte[] formatError(byte[] wire) {
        byte[] answer = new byte[HEADER];
        answer[0] = wire[0];
        answer[1] = wire[1];
        answer[2] = (byte) (QR | (wire[2] & 0x78) | (wire[2] & RD));
        answer[3] = Rcode.FORMERR;
        return answer;
    }
}
