package dev.banger.daemon;

import dev.banger.frame.Field;
import dev.banger.frame.Fields;
import dev.banger.frame.Frame;
import dev.banger.frame.FrameReader;
import dev.banger.frame.FrameType;
import dev.banger.frame.FrameWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A native client, as docs/protocol.md describes it. */
final class FrameClient implements AutoCloseable {
    /** What came of a command. */
    record Ended(int status, String out, String err) {}

    private final SocketChannel channel;
    private final FrameReader reader;
    private final FrameWriter writer;

    private FrameClient(SocketChannel channel) {
        this.channel = channel;
        reader = new FrameReader(channel);
        writer = new FrameWriter(channel);
    }

    static FrameClient connect(Path socket) throws IOException {
        return new FrameClient(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    }

    Fields hello() throws IOException {
        send(Frame.of(
                FrameType.HELLO,
                0,
                Fields.builder().u32(Field.VERSION, Frame.PROTOCOL_VERSION).string(Field.BUILD, "abc123")));
        return next().fields();
    }

    /** Begins a command; {@code terminals} has a bit for each of stdin, stdout and stderr. */
    void command(int terminals, String... words) throws IOException {
        send(Frame.of(
                FrameType.COMMAND,
                0,
                Fields.builder()
                        .strings(Field.ARG, List.of(words))
                        .string(Field.CWD, "/")
                        .u8(Field.TTY, terminals)));
    }

    void send(Frame frame) throws IOException {
        writer.write(frame);
    }

    void sendRaw(byte... bytes) throws IOException {
        channel.write(ByteBuffer.wrap(bytes));
    }

    /** The next frame; the connection must not have ended. */
    Frame next() throws IOException {
        return reader.next().orElseThrow(() -> new AssertionError("the daemon closed the connection"));
    }

    /** Whether the daemon closes the connection, a last EXIT of its command aside. */
    boolean isClosedByDaemon() throws IOException {
        try {
            Optional<Frame> frame = reader.next();
            if (frame.isPresent() && frame.get().type() == FrameType.EXIT) {
                frame = reader.next();
            }
            return frame.isEmpty();
        } catch (IOException e) {
            return "Connection reset by peer".equals(e.getMessage());
        }
    }

    /** Says hello, runs a command and takes all of its output. */
    Ended run(String... words) throws IOException {
        hello();
        command(0, words);
        return await();
    }

    /** Takes all output until the command's end. */
    Ended await() throws IOException {
        send(Frame.window(0, 1 << 20));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Optional<Frame> frame;
        while ((frame = reader.next()).isPresent()) {
            switch (frame.get().type()) {
                case STDOUT -> out.writeBytes(frame.get().payload());
                case STDERR -> err.writeBytes(frame.get().payload());
                case EXIT -> {
                    return new Ended(
                            frame.get().number(),
                            out.toString(StandardCharsets.UTF_8),
                            err.toString(StandardCharsets.UTF_8));
                }
                default -> throw new AssertionError("unexpected " + frame.get().type());
            }
        }
        throw new AssertionError("no EXIT came; stderr: " + err);
    }

    @Override
    public void close() throws IOException {
        writer.close();
        channel.close();
    }
}
