package dev.banger.daemon;

import dev.banger.api.BangerApi;
import dev.banger.config.Places;
import dev.banger.frame.Field;
import dev.banger.frame.Fields;
import dev.banger.frame.Frame;
import dev.banger.frame.FrameReader;
import dev.banger.frame.FrameType;
import dev.banger.frame.FrameWriter;
import dev.banger.host.linux.SocketPath;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The composed daemon in a directory of its own, and clients of its real socket. */
final class RunningDaemon implements AutoCloseable {
    private final Daemon daemon;
    private final Places places;

    private RunningDaemon(Daemon daemon, Places places) {
        this.daemon = daemon;
        this.places = places;
    }

    static RunningDaemon in(Path directory) throws IOException {
        return in(directory, Map.of("BANGER_DNS_PORT", "0"));
    }

    /** With settings of its own. */
    static RunningDaemon in(Path directory, Map<String, String> settings) throws IOException {
        Path tree = Files.createDirectories(directory.resolve("tree"));
        Files.createDirectories(tree.resolve("lib"));
        Files.writeString(tree.resolve("lib/version"), "1.2.3\n");
        Files.writeString(tree.resolve("lib/build-id"), "testbuild\n");
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.put("BANGER_HOME", directory.resolve("home").toString());
        environment.putAll(settings);
        Places places = Places.of(environment);
        return new RunningDaemon(Daemon.open(tree, places, environment), places);
    }

    BangerApi api() {
        return daemon.api();
    }

    Places places() {
        return places;
    }

    SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try (SocketPath path = SocketPath.of(places.socket())) {
            channel.connect(path.address());
        }
        return channel;
    }

    /** What a command printed on stdout and stderr, and how it ended. */
    record Ended(String out, String err, Frame last) {}

    /** Runs a command as the native client does, with all the credit it wants. */
    Ended run(String... arguments) throws IOException {
        return runIn(Path.of("/"), List.of(), arguments);
    }

    /** The same in a directory, with variables as NAME=VALUE. */
    Ended runIn(Path directory, List<String> variables, String... arguments) throws IOException {
        try (SocketChannel channel = connect();
                FrameWriter writer = new FrameWriter(channel)) {
            FrameReader reader = new FrameReader(channel);
            writer.write(hello());
            Frame hello = reader.next().orElseThrow();
            if (hello.type() != FrameType.HELLO) {
                throw new IOException("no HELLO but " + hello.type());
            }
            writer.write(Frame.of(
                    FrameType.COMMAND,
                    0,
                    Fields.builder()
                            .strings(Field.ARG, List.of(arguments))
                            .strings(Field.ENV, variables)
                            .string(Field.CWD, directory.toString())
                            .u8(Field.TTY, 0)));
            writer.write(Frame.window(0, 16 * 1024 * 1024));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            while (true) {
                Frame frame = reader.next().orElseThrow(() -> new IOException("the daemon closed the connection"));
                switch (frame.type()) {
                    case STDOUT -> out.writeBytes(frame.payload());
                    case STDERR -> err.writeBytes(frame.payload());
                    case EXIT, BECOME, ERROR -> {
                        return new Ended(
                                out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8), frame);
                    }
                    default -> throw new IOException("unexpected " + frame.type());
                }
            }
        }
    }

    static Frame hello() {
        return Frame.of(
                FrameType.HELLO,
                0,
                Fields.builder().u32(Field.VERSION, Frame.PROTOCOL_VERSION).string(Field.BUILD, "testbuild"));
    }

    /** Sends a request as it stands and gives back the whole answer. */
    String http(String method, String path, String body) throws IOException {
        try (SocketChannel channel = connect()) {
            byte[] content = body.getBytes(StandardCharsets.UTF_8);
            String head = method + " " + path + " HTTP/1.1\r\nHost: banger\r\nConnection: close\r\nContent-Length: "
                    + content.length + "\r\n\r\n";
            ByteBuffer request = ByteBuffer.wrap((head + body).getBytes(StandardCharsets.UTF_8));
            while (request.hasRemaining()) {
                channel.write(request);
            }
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() {
        daemon.close();
    }
}
