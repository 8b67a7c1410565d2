package dev.banger.host.dns;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** By TCP, for guests that asked by TCP: their answer is too long for a datagram. */
final class TcpExchange extends Exchange {
    private static final Logger LOG = LoggerFactory.getLogger(TcpExchange.class);

    private final SocketChannel channel;
    private final ByteBuffer query;
    private final ByteBuffer length = ByteBuffer.allocate(2);
    private ByteBuffer answer = ByteBuffer.allocate(0);

    private TcpExchange(SocketChannel channel, byte[] query, Asker asker) {
        super(asker);
        this.channel = channel;
        this.query = framed(query);
    }

    /** A message as it goes over TCP: with its length in front. */
    static ByteBuffer framed(byte[] message) {
        return ByteBuffer.allocate(2 + message.length)
                .putShort((short) message.length)
                .put(message)
                .flip();
    }

    static TcpExchange begin(Selector selector, InetSocketAddress upstream, byte[] query, Asker asker)
            throws IOException {
        SocketChannel channel = SocketChannel.open();
        TcpExchange exchange = new TcpExchange(channel, query, asker);
        try {
            channel.configureBlocking(false);
            boolean connected = channel.connect(upstream);
            channel.register(selector, connected ? SelectionKey.OP_WRITE : SelectionKey.OP_CONNECT, exchange);
            return exchange;
        } catch (IOException e) {
            exchange.close();
            throw e;
        }
    }

    @Override
    void advance(SelectionKey key, Asker to) throws IOException {
        if (key.isConnectable() && channel.finishConnect()) {
            key.interestOps(SelectionKey.OP_WRITE);
        } else if (key.isWritable()) {
            channel.write(query);
            if (!query.hasRemaining()) {
                key.interestOps(SelectionKey.OP_READ);
            }
        } else if (key.isReadable()) {
            read(to);
        }
    }

    private void read(Asker to) throws IOException {
        if (length.hasRemaining()) {
            fill(length);
            if (length.hasRemaining()) {
                return;
            }
            answer = ByteBuffer.allocate(Short.toUnsignedInt(length.getShort(0)));
        }
        if (answer.hasRemaining()) {
            fill(answer);
        }
        if (!answer.hasRemaining() && !to.accepts(answer.array())) {
            throw new IOException("a wrong answer");
        }
    }

    private void fill(ByteBuffer buffer) throws IOException {
        if (channel.read(buffer) < 0) {
            throw new EOFException("the upstream resolver closed the connection");
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
