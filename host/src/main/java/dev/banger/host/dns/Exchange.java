package dev.banger.host.dns;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One question to one upstream resolver, from a source port of its own, which the kernel chooses at random. */
abstract sealed class Exchange implements Ready permits UdpExchange, TcpExchange {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

    private final Asker asker;

    /** Whoever waits for the answer; closes the exchange once it has it, or has heard of its failure. */
    interface Asker {
        /** @return whether this is the answer; otherwise it was somebody else's, or a forgery */
        boolean accepts(byte[] response);

        void failed();
    }

    Exchange(Asker asker) {
        this.asker = asker;
    }

    /** Sends {@code query}. An upstream that cannot be reached at all fails here. */
    static Exchange begin(Transport transport, Selector selector, InetSocketAddress upstream, byte[] query, Asker asker)
            throws IOException {
        return switch (transport) {
            case UDP -> UdpExchange.begin(selector, upstream, query, asker);
            case TCP -> TcpExchange.begin(selector, upstream, query, asker);
        };
    }

    /** Reads what there is. */
    abstract void advance(SelectionKey key, Asker to) throws IOException;

    @Override
    public void ready(SelectionKey key) {
        try {
            advance(key, asker);
        } catch (IOException e) {
            LOG.debug("An upstream resolver failed", e);
            asker.failed();
        }
    }
}
