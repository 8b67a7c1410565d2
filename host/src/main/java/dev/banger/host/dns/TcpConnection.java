package dev.banger.host.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client by TCP (RFC 7766): queries one after the other, each with its length in front. The next one is read when the last
 * one's answer is written, so a client that does not read is not read from.
 */
final class TcpConnection implements Ready {
    private static final Logger LOG = LoggerFactory.getLogger(TcpConnection.class);
    /** From one whole query, or answer, to the next: a trickle of bytes does not keep it open. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** No query is longer. */
    private static final int LARGEST = 4096;

    private final TcpListener listener;
    private final SocketChannel channel;
    private final InetAddress source;
    private final ByteBuffer in = ByteBuffer.allocate(2 + LARGEST);
    private ByteBuffer out = ByteBuffer.allocate(0);
    private boolean waiting;
    private long since = System.nanoTime();

    TcpConnection(TcpListener listener, SocketChannel channel, InetAddress source) {
        this.listener = listener;
        this.channel = channel;
        this.source = source;
    }

    InetAddress source() {
        return source;
    }

    boolean isOverdue(long now) {
        return now - since > PATIENCE.toNanos();
    }

    @Override
    public void ready(SelectionKey key) throws IOException {
        if (key.isReadable() && channel.read(in) < 0) {
            close();
            return;
        }
        advance(key);
    }

    private void advance(SelectionKey key) throws IOException {
        while (channel.isOpen()) {
            if (out.hasRemaining()) {
                channel.write(out);
                if (out.hasRemaining()) {
                    key.interestOps(SelectionKey.OP_WRITE);
                    return;
                }
                since = System.nanoTime();
            }
            if (waiting) {
                key.interestOps(0);
                return;
            }
            int length = in.position() < 2 ? 0 : Short.toUnsignedInt(in.getShort(0));
            if (length > LARGEST) {
                close();
                return;
            }
            if (in.position() < 2 + length || in.position() < 2) {
                key.interestOps(SelectionKey.OP_READ);
                return;
            }
            react(next(length), key);
        }
    }

    private byte[] next(int length) {
        byte[] query = new byte[length];
        in.get(2, query);
        in.flip().position(2 + length);
        in.compact();
        since = System.nanoTime();
        return query;
    }

    private void react(byte[] query, SelectionKey key) {
        switch (listener.react(query, source)) {
            case Reaction.Drop drop -> close();
            case Reaction.Answer answer -> out = TcpExchange.framed(answer.wire());
            case Reaction.Forward forward -> {
                waiting = true;
                listener.forwarder().forward(forward.query(), Transport.TCP, source, answer -> answered(answer, key));
            }
        }
    }

    private void answered(byte[] answer, SelectionKey key) {
        waiting = false;
        out = TcpExchange.framed(answer);
        if (channel.isOpen()) {
            key.interestOps(SelectionKey.OP_WRITE);
        }
    }

    @Override
    public void close() {
        listener.ended(this);
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("A connection could not be closed", e);
        }
    }
}
