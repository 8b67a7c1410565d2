package dev.banger.host.dns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sockets of the server and all that goes on at them, on one thread that waits for any of them: no client and no upstream
 * can hold up another. Opened, run and closed by that thread; only {@link #wakeUp} and
 * {@link #execute} are for others.
 */
final class DnsLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DnsLoop.class);
    /** How exactly time-outs are kept while there is something that can time out; otherwise the thread sleeps. */
    private static final long TICK_MILLIS = 200;
    /** TCP connections that wait to be taken. */
    private static final int BACKLOG = 64;
    /** Tries to find a port that is free for both UDP and TCP, where any will do. */
    private static final int TRIES = 16;

    private final Selector selector;
    private final Responder responder;
    private final Forwarder forwarder;
    private final Set<InetSocketAddress> addresses = new LinkedHashSet<>();
    private final List<TcpListener> connected = new ArrayList<>();
    private final Queue<Runnable> handedIn = new ConcurrentLinkedQueue<>();

    private DnsLoop(Selector selector, Responder responder, Forwarding forwarding) {
        this.selector = selector;
        this.responder = responder;
        forwarder = new Forwarder(selector, forwarding, addresses, this::execute);
    }

    /** Opens all of these addresses, or none: whatever fails, every socket that was open is closed (P49). */
    static DnsLoop open(List<ListenAddress> wanted, Responder responder, Forwarding forwarding) throws IOException {
        DnsLoop loop = new DnsLoop(Selector.open(), responder, forwarding);
        try {
            for (ListenAddress address : wanted) {
                loop.listen(address);
            }
            return loop;
        } catch (IOException | RuntimeException e) {
            loop.close();
            throw e;
        }
    }

    private void listen(ListenAddress wanted) throws IOException {
        for (int tries = 1; ; tries++) {
            DatagramChannel udp = DatagramChannel.open();
            ServerSocketChannel tcp = ServerSocketChannel.open();
            try {
                udp.configureBlocking(false);
                tcp.configureBlocking(false);
                udp.bind(wanted.socket());
                InetSocketAddress address = (InetSocketAddress) udp.getLocalAddress();
                tcp.bind(address, BACKLOG);
                serve(udp, tcp, wanted);
                addresses.add(address);
                return;
            } catch (IOException e) {
                udp.close();
                tcp.close();
                if (wanted.socket().getPort() != 0 || tries >= TRIES) {
                    throw new IOException("cannot listen on " + wanted + ": " + e.getMessage(), e);
                }
            }
        }
    }

    private void serve(DatagramChannel udp, ServerSocketChannel tcp, ListenAddress at) throws IOException {
        RateLimit rate = RateLimit.of(at.role());
        udp.register(selector, SelectionKey.OP_READ, new UdpListener(udp, at, rate, responder, forwarder));
        TcpListener listener = new TcpListener(tcp, selector, at, rate, responder, forwarder);
        tcp.register(selector, SelectionKey.OP_ACCEPT, listener);
        connected.add(listener);
    }

    /** Where it listens, with the ports that were taken. */
    List<InetSocketAddress> addresses() {
        return List.copyOf(addresses);
    }

    /** Serves until {@code ended}, which is looked at after every {@link #wakeUp}. */
    void run(BooleanSupplier ended) throws IOException {
        while (!ended.getAsBoolean()) {
            boolean idle = forwarder.isIdle() && connected.stream().allMatch(TcpListener::isIdle);
            selector.select(DnsLoop::dispatch, idle ? 0 : TICK_MILLIS);
            for (Runnable task = handedIn.poll(); task != null; task = handedIn.poll()) {
                task.run();
            }
            forwarder.expire();
            connected.forEach(TcpListener::expire);
        }
    }

    private static void dispatch(SelectionKey key) {
        Ready ready = (Ready) key.attachment();
        try {
            if (key.isValid()) {
                ready.ready(key);
            }
        } catch (IOException | RuntimeException e) {
            switch (ready) {
                case UdpListener udp when e instanceof IOException io -> throw new UncheckedIOException(io);
                // One message is nobody else's trouble, whatever it does to us.
                case UdpListener udp -> LOG.debug("A query failed", e);
                case TcpListener tcp -> LOG.debug("A connection failed", e);
                case TcpConnection client -> end(client, e);
                case Exchange upstream -> end(upstream, e);
            }
        }
    }

    private static void end(Ready one, Exception why) {
        LOG.debug("A connection failed", why);
        one.close();
    }

    /** Has the loop's thread run {@code task}; one that comes after the end is forgotten. */
    private void execute(Runnable task) {
        handedIn.add(task);
        selector.wakeup();
    }

    void wakeUp() {
        selector.wakeup();
    }

    @Override
    public void close() throws IOException {
        for (SelectionKey key : selector.keys()) {
            ((Ready) key.attachment()).close();
        }
        selector.close();
    }
}
