package dev.banger.frame;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;
import java.util.Optional;

/** Reads frames from a blocking channel. Used by one thread at a time. */
public final class FrameReader {
    private final ReadableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(64 * 1024).flip();

    public FrameReader(ReadableByteChannel channel) {
        this.channel = channel;
    }

    /** A reader that begins with bytes that were read already. */
    public FrameReader(ReadableByteChannel channel, ByteBuffer first) {
        this(channel);
        buffer.compact().put(first).flip();
    }

    /**
     * Reads the next frame; empty at a clean end.
     *
     * @throws ProtocolException when the bytes are no frame
     * @throws EOFException when the stream ends within a frame
     */
    public Optional<Frame> next() throws IOException {
        int type;
        do {
            if (!fill(1)) {
                return Optional.empty();
            }
            type = Byte.toUnsignedInt(buffer.get());
        } while (type == 0); // padding, see "Starting in the middle"
        require(Frame.HEADER - 1);
        int flags = Byte.toUnsignedInt(buffer.get());
        int channelNumber = Short.toUnsignedInt(buffer.getShort());
        int length = buffer.getInt();
        int typeCode = type;
        FrameType frameType =
                FrameType.of(type).orElseThrow(() -> new ProtocolException("there is no frame of type " + typeCode));
        int limit = frameType.isData() ? Frame.MAX_DATA : Frame.MAX_PAYLOAD;
        if (flags != 0 || length < 0 || length > limit) {
            throw new ProtocolException(frameType + " with flags " + flags + " and length "
                    + Integer.toUnsignedString(length) + " is not legal");
        }
        return Optional.of(new Frame(frameType, channelNumber, payload(length)));
    }

    /** Skips everything up to a HELLO that carries the nonce, at most {@code limit} bytes, and returns that HELLO. */
    public Frame helloWith(byte[] nonce, int limit) throws IOException {
        int skipped = 0;
        while (skipped <= limit) {
            require(Frame.HEADER);
            int at = buffer.position();
            int length = buffer.getInt(at + 4);
            boolean head = buffer.get(at) == FrameType.HELLO.code()
                    && buffer.get(at + 1) == 0
                    && buffer.getShort(at + 2) == 0
                    && length > 0
                    && length <= 1024;
            if (head) {
                require(Frame.HEADER + length);
                int begin = buffer.position();
                byte[] payload =
                        Arrays.copyOfRange(buffer.array(), begin + Frame.HEADER, begin + Frame.HEADER + length);
                if (carries(payload, nonce)) {
                    buffer.position(begin + Frame.HEADER + length);
                    return new Frame(FrameType.HELLO, 0, payload);
                }
            }
            buffer.get();
            skipped++;
        }
        throw new ProtocolException("no HELLO within " + limit + " bytes");
    }

    private static boolean carries(byte[] payload, byte[] nonce) {
        try {
            return Fields.parse(payload)
                    .bytes(Field.NONCE)
                    .filter(found -> Arrays.equals(found, nonce))
                    .isPresent();
        } catch (ProtocolException e) {
            return false; // bytes of some other frame that looked like a head
        }
    }

    private byte[] payload(int length) throws IOException {
        byte[] payload = new byte[length];
        int have = Math.min(length, buffer.remaining());
        buffer.get(payload, 0, have);
        ByteBuffer rest = ByteBuffer.wrap(payload, have, length - have);
        while (rest.hasRemaining()) {
            if (channel.read(rest) < 0) {
                throw new EOFException("the connection ended within a frame");
            }
        }
        return payload;
    }

    private void require(int bytes) throws IOException {
        if (!fill(bytes)) {
            throw new EOFException("the connection ended within a frame");
        }
    }

    private boolean fill(int bytes) throws IOException {
        if (buffer.remaining() >= bytes) {
            return true;
        }
        buffer.compact();
        try {
            while (buffer.position() < bytes) {
                if (channel.read(buffer) < 0) {
                    return false;
                }
            }
        } finally {
            buffer.flip();
        }
        return true;
    }
}
