package dev.banger.host.dns;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** By UDP. The socket is connected, so the kernel passes on what comes from the upstream's address and port alone. */
final class UdpExchange extends Exchange {
    private static final Logger LOG = LoggerFactory.getLogger(UdpExchange.class);
    /** More than any answer we ask for. */
    private static final int LARGEST = 4096;
    /** Wrong answers taken: somebody is guessing, and gets no more guesses at this port and id (RFC 5452). */
    private static final int WRONG = 16;

    private final DatagramChannel channel;
    private int wrong;

    private UdpExchange(DatagramChannel channel, Asker asker) {
        super(asker);
        this.channel = channel;
    }

    static UdpExchange begin(Selector selector, InetSocketAddress upstream, byte[] query, Asker asker)
            throws IOException {
        DatagramChannel channel = DatagramChannel.open();
        UdpExchange exchange = new UdpExchange(channel, asker);
        try {
            channel.configureBlocking(false);
            channel.connect(upstream);
            channel.register(selector, SelectionKey.OP_READ, exchange);
            channel.write(ByteBuffer.wrap(query));
            return exchange;
        } catch (IOException e) {
            exchange.close();
            throw e;
        }
    }

    @Override
    void advance(SelectionKey key, Asker to) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(LARGEST);
        while (channel.isOpen()) {
            buffer.clear();
            if (channel.read(buffer) <= 0 || to.accepts(Arrays.copyOf(buffer.array(), buffer.position()))) {
                return;
            }
            wrong++;
            if (wrong >= WRONG) {
                throw new IOException(WRONG + " wrong answers");
            }
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
