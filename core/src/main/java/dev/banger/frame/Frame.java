package dev.banger.frame;

import java.nio.ByteBuffer;

/**
 * One frame. The payload is not copied: whoever makes a frame does not touch the array afterwards.
 *
 * @param channel 0 (the connection itself) .. 65535
 */
@SuppressWarnings("ArrayRecordComponent") // frames are never compared; a copy per frame would cost on the data path
public record Frame(FrameType type, int channel, byte[] payload) {
    /** The longest payload, in bytes. */
    public static final int MAX_PAYLOAD = 256 * 1024;

    /** The longest payload of a data frame, in bytes. */
    public static final int MAX_DATA = 32 * 1024;

    /** The length of a frame's head, in bytes. */
    public static final int HEADER = 8;

    /** The version of the protocol that this code speaks. */
    public static final int PROTOCOL_VERSION = 1;

    private static final byte[] NOTHING = {};

    public static Frame of(FrameType type, int channel) {
        return new Frame(type, channel, NOTHING);
    }

    public static Frame of(FrameType type, int channel, Fields.Builder fields) {
        return new Frame(type, channel, fields.build());
    }

    /** Grants {@code bytes} more of credit. */
    public static Frame window(int channel, int bytes) {
        return new Frame(
                FrameType.WINDOW, channel, ByteBuffer.allocate(4).putInt(bytes).array());
    }

    public static Frame exit(int channel, int status) {
        return new Frame(
                FrameType.EXIT, channel, ByteBuffer.allocate(4).putInt(status).array());
    }

    public static Frame resize(int channel, int rows, int columns) {
        return new Frame(
                FrameType.RESIZE,
                channel,
                ByteBuffer.allocate(4)
                        .putShort((short) rows)
                        .putShort((short) columns)
                        .array());
    }

    public static Frame signal(int channel, int signal) {
        return new Frame(FrameType.SIGNAL, channel, new byte[] {(byte) signal});
    }

    public static Frame error(int channel, String code, String message) {
        return of(
                FrameType.ERROR,
                channel,
                Fields.builder().string(Field.CODE, code).string(Field.MESSAGE, message.replace('\0', ' ')));
    }

    /** The payload as fields. */
    public Fields fields() {
        return Fields.parse(payload);
    }

    /** The payload as one unsigned 32-bit number, capped to an int. */
    public int number() {
        if (payload.length != 4) {
            throw new ProtocolException(type + " has " + payload.length + " bytes instead of 4");
        }
        int number = ByteBuffer.wrap(payload).getInt();
        if (number < 0) {
            throw new ProtocolException(type + " carries a number out of range");
        }
        return number;
    }
}
