package dev.banger.frame;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames to a blocking channel, each as a whole. Thread-safe.
 *
 * <p>A thread of its own does the writing: a thread that is interrupted within a channel's write closes the channel (see
 * {@link java.nio.channels.InterruptibleChannel}), and one cancelled command must not take the connection of all others with
 * it. The queue is short, so a slow receiver still slows down the sender. Whoever makes a writer closes it.
 */
public final class FrameWriter implements AutoCloseable {
    private static final int QUEUED = 16;
    private static final Duration FOREVER = Duration.ofDays(365);
    private static final long CLOSE_MILLIS = 2_000;
    private static final int BUFFER = 2 * (Frame.HEADER + Frame.MAX_DATA);

    /** What is to be written; {@code last} ends the writing thread. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Item(byte[] head, byte[] payload, boolean last) {}

    private final WritableByteChannel channel;
    private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(QUEUED);
    private final Thread thread;
    private volatile @Nullable IOException failure;

    public FrameWriter(WritableByteChannel channel) {
        this.channel = channel;
        thread = Thread.ofPlatform().daemon().name("frame-writer").start(this::drain);
    }

    /** Queues a frame, however long the receiver takes to make room. The payload must not be changed afterwards. */
    public void write(Frame frame) throws IOException {
        write(frame, FOREVER);
    }

    /** As {@link #write(Frame)}, but fails when there is no room in time: the receiver is stuck. */
    public void write(Frame frame, Duration atMost) throws IOException {
        int length = frame.payload().length;
        if (length > (frame.type().isData() ? Frame.MAX_DATA : Frame.MAX_PAYLOAD)) {
            throw new ProtocolException(frame.type() + " with " + length + " bytes is too long");
        }
        byte[] head = ByteBuffer.allocate(Frame.HEADER)
                .put((byte) frame.type().code())
                .put((byte) 0)
                .putShort((short) frame.channel())
                .putInt(length)
                .array();
        put(new Item(head, frame.payload(), false), atMost);
    }

    /** Queues a data frame with a copy of a part of an array. */
    public void write(FrameType type, int channelNumber, byte[] bytes, int offset, int length) throws IOException {
        write(new Frame(type, channelNumber, Arrays.copyOfRange(bytes, offset, offset + length)));
    }

    /** Queues bytes that are no frame: the zeros that end a predecessor's half frame. */
    public void padding(int bytes) throws IOException {
        put(new Item(new byte[0], new byte[bytes], false), FOREVER);
    }

    private void put(Item item, Duration atMost) throws IOException {
        IOException cause = failure;
        if (cause != null) {
            throw new IOException("the connection is closed", cause);
        }
        try {
            if (!queue.offer(item, atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("the other side does not read");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while sending", e);
        }
    }

    private void drain() {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        try {
            while (true) {
                Item item = queue.take();
                // What waits already goes out in one write.
                while (item != null && !item.last()) {
                    append(buffer, item.head());
                    append(buffer, item.payload());
                    item = queue.poll();
                }
                flush(buffer);
                if (item != null) {
                    return;
                }
            }
        } catch (IOException e) {
            failure = e;
        } catch (InterruptedException e) {
            failure = new IOException("the writing thread was interrupted", e);
        } finally {
            if (failure == null) {
                failure = new IOException("the writer was closed");
            }
            // Whoever waits for room in the queue gets it, and learns of the failure at the next frame.
            while (queue.poll() != null) {}
        }
    }

    private void append(ByteBuffer buffer, byte[] bytes) throws IOException {
        if (bytes.length > buffer.remaining()) {
            flush(buffer);
        }
        if (bytes.length > buffer.remaining()) {
            writeAll(ByteBuffer.wrap(bytes));
        } else {
            buffer.put(bytes);
        }
    }

    private void flush(ByteBuffer buffer) throws IOException {
        buffer.flip();
        writeAll(buffer);
        buffer.clear();
    }

    private void writeAll(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Writes what is queued, as far as the receiver takes it in time; the channel stays open. */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            if (queue.offer(new Item(new byte[0], new byte[0], true), CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
                thread.join(CLOSE_MILLIS);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
