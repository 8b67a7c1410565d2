package dev.banger.host.firecracker;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;

/** Answers each request on a Unix socket with bytes of the test's; null: never. */
final class StandIn implements AutoCloseable {
    private final ServerSocketChannel server;
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch ended = new CountDownLatch(1);

    StandIn(Path socket, Function<String, String> answer) throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(() -> serve(answer));
    }

    /** As micro_http, Firecracker's, writes it. */
    static String http(int status, String body) {
        return "HTTP/1.1 " + status + " \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n"
                + (body.isEmpty()
                        ? ""
                        : "Content-Type: application/json\r\nContent-Length: "
                                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n")
                + "\r\n" + body;
    }

    List<String> requests() {
        return List.copyOf(requests);
    }

    private void serve(Function<String, String> answer) {
        try {
            while (true) {
                try (SocketChannel channel = server.accept()) {
                    String request = read(channel);
                    if (request.isEmpty()) {
                        continue;
                    }
                    requests.add(request);
                    String bytes = answer.apply(request);
                    if (bytes == null) {
                        ended.await();
                        return;
                    }
                    ByteBuffer out = ByteBuffer.wrap(bytes.getBytes(StandardCharsets.UTF_8));
                    while (out.hasRemaining()) {
                        channel.write(out);
                    }
                }
            }
        } catch (AsynchronousCloseException e) {
            // closed by the test
        } catch (ClosedChannelException e) {
            // the same
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String read(SocketChannel channel) throws IOException {
        StringBuilder text = new StringBuilder();
        ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
        while (true) {
            int end = text.indexOf("\r\n\r\n");
            if (end >= 0) {
                String length = text.toString().replaceAll("(?s).*Content-Length: ([0-9]+)\r.*", "$1");
                if (!length.matches("[0-9]+") || text.length() - end - 4 >= Integer.parseInt(length)) {
                    return text.toString();
                }
            }
            if (channel.read(buffer.clear()) < 0) {
                return text.toString();
            }
            text.append(StandardCharsets.UTF_8.decode(buffer.flip()));
        }
    }

    @Override
    public void close() throws IOException {
        ended.countDown();
        server.close();
    }
}
