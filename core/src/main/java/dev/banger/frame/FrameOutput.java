package dev.banger.frame;

import java.io.IOException;
import java.io.OutputStream;

/** The sending end of a stream of data frames: waits for credit, closing it sends end of file. One thread at a time. */
public final class FrameOutput extends OutputStream {
    private final FrameWriter writer;
    private final FrameType type;
    private final int channel;
    private final Credit credit;
    private boolean closed;

    public FrameOutput(FrameWriter writer, FrameType type, int channel, Credit credit) {
        this.writer = writer;
        this.type = type;
        this.channel = channel;
        this.credit = credit;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (closed) {
            throw new IOException("the stream is closed");
        }
        int at = offset;
        int left = length;
        while (left > 0) {
            int part = credit.take(Math.min(left, Frame.MAX_DATA));
            writer.write(type, channel, bytes, at, part);
            at += part;
            left -= part;
        }
    }

    /** Sends end of file. */
    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            writer.write(Frame.of(type, channel));
        }
    }
}
