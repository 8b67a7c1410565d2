package dev.banger.host.dns;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

/** Asks a server what only banger's answers (P55): which banger it is. */
final class NameProbe {
    private static final Logger LOG = LoggerFactory.getLogger(NameProbe.class);
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final int LARGEST = 512;

    private NameProbe() {}

    /** What it says of itself, such as {@code banger pid=812 id=...}; empty where nobody answers, or nobody of us. */
    static Optional<String> ask(InetSocketAddress server) {
        Message query = Message.newQuery(Record.newRecord(Zone.name(Zone.PROBE), Type.TXT, DClass.IN));
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(server);
            socket.setSoTimeout((int) PATIENCE.toMillis());
            byte[] wire = query.toWire();
            socket.send(new DatagramPacket(wire, wire.length));
            DatagramPacket packet = new DatagramPacket(new byte[LARGEST], LARGEST);
            socket.receive(packet);
            Message answer = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
            return answer.getHeader().getID() == query.getHeader().getID() ? identity(answer) : Optional.empty();
        } catch (IOException | RuntimeException e) { // whoever it is may answer anything
            LOG.debug("{} does not answer as a banger would", server, e);
            return Optional.empty();
        }
    }

    private static Optional<String> identity(Message answer) {
        return answer.getSection(Section.ANSWER).stream()
                .filter(TXTRecord.class::isInstance)
                .map(TXTRecord.class::cast)
                .flatMap(record -> record.getStrings().stream())
                .filter(text -> text.matches("banger [ -~]{1,100}"))
                .findFirst();
    }
}
