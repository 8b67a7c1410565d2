package dev.banger.host.firecracker;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.SocketPath;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A client of Firecracker's API: HTTP/1.1 with JSON over a Unix socket (Firecracker: src/firecracker/swagger/firecracker.yaml). Each
 * request has a connection of its own, so there is no state that a failure could leave. What Firecracker says against a request
 * is in the exception. Thread-safe.
 */
final class FirecrackerApi {
    private static final Duration ANSWER = Duration.ofSeconds(10);
    /** Writes or reads a whole memory. */
    private static final Duration SNAPSHOT = Duration.ofSeconds(120);

    private static final int LONGEST_ANSWER = 1024 * 1024;
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([0-9]{3})( .*)?");
    private static final Pattern LENGTH =
            Pattern.compile("^content-length: *([0-9]{1,9}) *$", Pattern.CASE_INSENSITIVE | Pattern.MULTILINE);
    private static final JsonType<Object> JSON = Jsonb.builder().build().type(Object.class);

    /**
     * What Firecracker is asked to do.
     *
     * @param method {@code GET}, {@code PUT} or {@code PATCH}
     * @param body the JSON object that goes with it; a GET has none
     */
    record Request(String method, String path, Map<String, Object> body) {
        Request {
            // In an order that is always the same: Firecracker tells faults by their place in the text.
            body = Collections.unmodifiableMap(new TreeMap<>(body));
        }

        static Request get(String path) {
            return new Request("GET", path, Map.of());
        }

        static Request put(String path, Map<String, Object> body) {
            return new Request("PUT", path, body);
        }

        static Request patch(String path, Map<String, Object> body) {
            return new Request("PATCH", path, body);
        }

        byte[] bytes() {
            String json = method.equals("GET") ? "" : JSON.toJson(body);
            int length = json.getBytes(StandardCharsets.UTF_8).length;
            return (method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
                            + (json.isEmpty()
                                    ? ""
                                    : "Content-Type: application/json\r\nContent-Length: " + length + "\r\n")
                            + "\r\n" + json)
                    .getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    private record Answer(int status, Map<String, Object> body) {}

    private volatile Path socket;

    FirecrackerApi(Path socket) {
        this.socket = socket;
    }

    /** The socket is under another path now. */
    void movedTo(Path newSocket) {
        socket = newSocket;
    }

    /** Whether something accepts connections on the socket. */
    boolean isThere() {
        try (SocketChannel channel = connect(socket)) {
            return channel.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Makes a request.
     *
     * @return what Firecracker answers with, an empty map when that is nothing
     * @throws BangerException VMM_FAILED with Firecracker's own words when it refuses or does not answer; TIMED_OUT; CANCELLED when
     *     the thread is interrupted
     */
    Map<String, Object> ask(Request request) {
        Answer answer = exchange(request, request.path().startsWith("/snapshot/") ? SNAPSHOT : ANSWER);
        if (answer.status() / 100 == 2) {
            return answer.body();
        }
        Object fault = answer.body().get("fault_message");
        throw new BangerException(
                ErrorCode.VMM_FAILED,
                "Firecracker refused " + request + ": "
                        + (fault == null
                                ? "status " + answer.status()
                                : fault.toString().strip()));
    }

    private Answer exchange(Request request, Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        try (SocketChannel channel = connect(socket);
                Selector selector = Selector.open()) {
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_WRITE);
            ByteBuffer out = ByteBuffer.wrap(request.bytes());
            while (out.hasRemaining()) {
                await(selector, deadline, request, atMost);
                channel.write(out);
            }
            key.interestOps(SelectionKey.OP_READ);
            return read(channel, () -> await(selector, deadline, request, atMost));
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.VMM_FAILED, "Firecracker does not answer " + request + ": " + e.getMessage(), e);
        }
    }

    private static SocketChannel connect(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try (SocketPath path = SocketPath.of(socket)) {
            channel.connect(path.address());
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static void await(Selector selector, long deadline, Request request, Duration atMost) throws IOException {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left > 0) {
            selector.select(left);
            selector.selectedKeys().clear();
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for Firecracker");
        }
        if (System.nanoTime() > deadline) {
            throw new BangerException(
                    ErrorCode.TIMED_OUT,
                    "Firecracker did not answer " + request + " within " + atMost.toSeconds() + " s");
        }
    }

    @FunctionalInterface
    private interface Wait {
        void run() throws IOException;
    }

    private static Answer read(SocketChannel channel, Wait wait) throws IOException {
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        while (true) {
            String text = seen.toString(StandardCharsets.UTF_8);
            int end = text.indexOf("\r\n\r\n");
            if (end >= 0) {
                String head = text.substring(0, end).replace("\r", "");
                Matcher length = LENGTH.matcher(head);
                int bytes = length.find() ? Integer.parseInt(length.group(1)) : 0;
                if (seen.size() - end - 4 >= bytes) { // the head is ASCII
                    return new Answer(status(head), object(text.substring(end + 4)));
                }
            }
            if (seen.size() > LONGEST_ANSWER) {
                throw new IOException("its answer has no end");
            }
            wait.run();
            int got = channel.read(buffer.clear());
            if (got < 0) {
                throw new EOFException("it closed the connection");
            }
            seen.write(buffer.array(), 0, got);
        }
    }

    private static int status(String head) throws IOException {
        Matcher status = STATUS.matcher(head.lines().findFirst().orElse(""));
        if (!status.matches()) {
            throw new IOException("what it says is no HTTP");
        }
        return Integer.parseInt(status.group(1));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(String json) throws IOException {
        if (json.isBlank()) {
            return Map.of();
        }
        try {
            return JSON.fromJson(json) instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
        } catch (RuntimeException e) { // the parser's, which has no type of its own for it
            throw new IOException("what it says is no JSON", e);
        }
    }
}
