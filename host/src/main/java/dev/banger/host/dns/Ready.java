package dev.banger.host.dns;

import java.io.IOException;
import java.nio.channels.SelectionKey;

/** What a channel of {@link DnsLoop} belongs to; attached to its key. Only the loop's thread calls it. */
sealed interface Ready extends AutoCloseable permits UdpListener, TcpListener, TcpConnection, Exchange {
    /** The channel can do what it waits for. */
    void ready(SelectionKey key) throws IOException;

    /** Closes the channel. Idempotent. */
    @Override
    void close();
}
