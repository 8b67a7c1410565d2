package dev.banger.host.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/** Asks a server as a resolver does, and by hand-made connections. */
final class DnsClient {
    static final Duration PATIENCE = Duration.ofSeconds(20);

    private final InetSocketAddress server;

    DnsClient(InetSocketAddress server) {
        this.server = server;
    }

    static Message query(String name, int type) throws IOException {
        return Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    }

    Message ask(Transport transport, Message query) throws IOException {
        return ask(transport, query, PATIENCE);
    }

    /** By UDP, and again when no answer comes: what finds the server's buffer full is lost. */
    Message askUntilAnswered(String name) throws IOException {
        for (int tries = 10; tries > 1; tries--) {
            try {
                return ask(Transport.UDP, query(name, Type.A), PATIENCE.dividedBy(10));
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("Timed out");
            }
        }
        return ask(Transport.UDP, name);
    }

    private Message ask(Transport transport, Message query, Duration patience) throws IOException {
        SimpleResolver resolver = new SimpleResolver(server);
        resolver.setTCP(transport == Transport.TCP);
        resolver.setTimeout(patience);
        resolver.setIgnoreTruncation(true);
        resolver.setEDNS(-1);
        return resolver.send(query);
    }

    Message ask(Transport transport, String name) throws IOException {
        return ask(transport, query(name, Type.A));
    }

    Socket connect() throws IOException {
        Socket socket = new Socket(server.getAddress(), server.getPort());
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    static void send(Socket socket, byte[] message) throws IOException {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.writeShort(message.length);
        out.write(message);
        out.flush();
    }

    static Message receive(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] answer = new byte[in.readUnsignedShort()];
        in.readFully(answer);
        return new Message(answer);
    }
}
