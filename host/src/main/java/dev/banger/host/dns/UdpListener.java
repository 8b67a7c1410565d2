package dev.banger.host.dns;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A UDP socket that is asked. */
final class UdpListener implements Ready {
    private static final Logger LOG = LoggerFactory.getLogger(UdpListener.class);
    /** Longer queries are cut, and are no queries then. */
    private static final int LARGEST = 4096;
    /** Taken in a row; then the other sockets have their turn. */
    private static final int TURN = 64;

    private final DatagramChannel channel;
    private final ListenAddress at;
    private final RateLimit rate;
    private final Responder responder;
    private final Forwarder forwarder;
    private final ByteBuffer buffer = ByteBuffer.allocate(LARGEST);

    UdpListener(DatagramChannel channel, ListenAddress at, RateLimit rate, Responder responder, Forwarder forwarder) {
        this.channel = channel;
        this.at = at;
        this.rate = rate;
        this.responder = responder;
        this.forwarder = forwarder;
    }

    @Override
    public void ready(SelectionKey key) throws IOException {
        for (int i = 0; i < TURN; i++) {
            buffer.clear();
            if (!(channel.receive(buffer) instanceof InetSocketAddress source)) {
                return;
            }
            // Before its bytes are looked at: that is what costs.
            if (source.getPort() != 0 && rate.admits(source.getAddress())) {
                react(Arrays.copyOf(buffer.array(), buffer.position()), source);
            }
        }
    }

    private void react(byte[] wire, InetSocketAddress source) {
        switch (responder.react(wire, Transport.UDP, at.roleOf(source.getAddress()))) {
            case Reaction.Drop drop -> {}
            case Reaction.Answer answer -> send(answer.wire(), source);
            case Reaction.Forward forward ->
                forwarder.forward(forward.query(), Transport.UDP, source.getAddress(), answer -> send(answer, source));
        }
    }

    /** An answer that does not fit into the socket's buffer is lost, as datagrams are. */
    private void send(byte[] answer, InetSocketAddress to) {
        try {
            channel.send(ByteBuffer.wrap(answer), to);
        } catch (IOException e) {
            LOG.debug("An answer to {} could not be sent", to, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("A socket could not be closed", e);
        }
    }
}
