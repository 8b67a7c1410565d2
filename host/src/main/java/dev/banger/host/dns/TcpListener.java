package dev.banger.host.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A TCP socket that is connected to. So many connections at once, of one source a part of them; more are closed at once. */
final class TcpListener implements Ready {
    private static final Logger LOG = LoggerFactory.getLogger(TcpListener.class);
    static final int CONNECTIONS = 64;
    static final int OF_ONE_SOURCE = 16;
    /** Taken in a row; then the other sockets have their turn. */
    private static final int TURN = 16;

    private final ServerSocketChannel channel;
    private final Selector selector;
    private final ListenAddress at;
    private final RateLimit rate;
    private final Responder responder;
    private final Forwarder forwarder;
    private final Set<TcpConnection> connections = new HashSet<>();
    private @Nullable SelectionKey paused;

    TcpListener(
            ServerSocketChannel channel,
            Selector selector,
            ListenAddress at,
            RateLimit rate,
            Responder responder,
            Forwarder forwarder) {
        this.channel = channel;
        this.selector = selector;
        this.at = at;
        this.rate = rate;
        this.responder = responder;
        this.forwarder = forwarder;
    }

    @Override
    public void ready(SelectionKey key) {
        try {
            for (int i = 0; i < TURN; i++) {
                SocketChannel accepted = channel.accept();
                if (accepted == null) {
                    return;
                }
                take(accepted);
            }
        } catch (IOException e) {
            // No descriptor is left, as a rule: the connection stays where it is, and would be reported at once again.
            LOG.warn("DNS takes no connections for a moment", e);
            key.interestOps(0);
            paused = key;
        }
    }

    private void take(SocketChannel accepted) {
        try {
            InetAddress source = accepted.getRemoteAddress() instanceof InetSocketAddress inet
                    ? inet.getAddress()
                    : InetAddress.getLoopbackAddress();
            long ofSource = connections.stream()
                    .filter(each -> each.source().equals(source))
                    .count();
            if (connections.size() >= CONNECTIONS || ofSource >= OF_ONE_SOURCE) {
                accepted.close();
                return;
            }
            accepted.configureBlocking(false);
            TcpConnection connection = new TcpConnection(this, accepted, source);
            connections.add(connection);
            accepted.register(selector, SelectionKey.OP_READ, connection);
        } catch (IOException e) {
            LOG.debug("A connection ended before it began", e);
        }
    }

    /** What becomes of a query; a source that asks too much is let go of. */
    Reaction react(byte[] wire, InetAddress source) {
        return rate.admits(source) ? responder.react(wire, Transport.TCP, at.roleOf(source)) : new Reaction.Drop();
    }

    Forwarder forwarder() {
        return forwarder;
    }

    void ended(TcpConnection connection) {
        connections.remove(connection);
    }

    boolean isIdle() {
        return connections.isEmpty() && paused == null;
    }

    /** Closes connections on which nothing has been asked for too long. */
    void expire() {
        if (paused != null) {
            paused.interestOps(SelectionKey.OP_ACCEPT);
            paused = null;
        }
        long now = System.nanoTime();
        List.copyOf(connections).stream().filter(each -> each.isOverdue(now)).forEach(TcpConnection::close);
    }

    @Override
    public void close() {
        List.copyOf(connections).forEach(TcpConnection::close);
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("A socket could not be closed", e);
        }
    }
}
