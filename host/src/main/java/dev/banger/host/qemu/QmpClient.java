package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.SocketPath;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client of the QEMU Machine Protocol: JSON, a line each, over a Unix socket (QEMU: docs/interop/qmp-spec). One command at
 * a time; events go to a listener on the reading thread. Thread-safe. The one who connects closes it.
 */
final class QmpClient implements AutoCloseable {
    private static final Duration GREETING = Duration.ofSeconds(10);
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final int LONGEST_LINE = 1024 * 1024;

    private static final JsonType<Object> JSON = Jsonb.builder().build().type(Object.class);

    /** What QEMU tells unasked. */
    record Event(String name, Map<String, Object> data) {}

    private final SocketChannel channel;
    private final Consumer<Event> events;
    private final BlockingQueue<Map<String, Object>> answers = new ArrayBlockingQueue<>(4);
    private final ReentrantLock commands = new ReentrantLock();
    private volatile boolean closed;

    private QmpClient(SocketChannel channel, Consumer<Event> events) {
        this.channel = channel;
        this.events = events;
    }

    /** Connects and negotiates; fails with IOException while QEMU does not listen yet. */
    static QmpClient connect(Path socket, Consumer<Event> events) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try (SocketPath path = SocketPath.of(socket)) {
            channel.connect(path.address());
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        QmpClient client = new QmpClient(channel, events);
        try {
            Thread.ofPlatform().daemon().name("qmp-reader").start(client::read);
            if (client.next(GREETING).get("QMP") == null) {
                throw new BangerException(ErrorCode.VMM_FAILED, "what listens on " + socket + " is no QEMU");
            }
            client.execute("qmp_capabilities", Map.of());
            return client;
        } catch (RuntimeException e) {
            client.close();
            throw e;
        }
    }

    /** Runs a command. @return its result, an empty map when it has none that is one */
    @SuppressWarnings("unchecked")
    Map<String, Object> execute(String command, Map<String, Object> arguments) {
        return answer(command, arguments) instanceof Map<?, ?> result ? (Map<String, Object>) result : Map.of();
    }

    /** Runs a command that answers with a list of objects. */
    @SuppressWarnings("unchecked")
    List<Map<String, Object>> list(String command) {
        return answer(command, Map.of()) instanceof List<?> list ? (List<Map<String, Object>>) list : List.of();
    }

    /** Runs a command that answers with text. */
    String text(String command, Map<String, Object> arguments) {
        return answer(command, arguments) instanceof String text ? text : "";
    }

    private @Nullable Object answer(String command, Map<String, Object> arguments) {
        commands.lock();
        try {
            answers.clear();
            Map<String, Object> request = new HashMap<>();
            request.put("execute", command);
            if (!arguments.isEmpty()) {
                request.put("arguments", arguments);
            }
            send(JSON.toJson(request) + "\n");
            Map<String, Object> answer = next(ANSWER);
            if (answer.get("error") instanceof Map<?, ?> error) {
                throw new BangerException(ErrorCode.VMM_FAILED, "QEMU refused " + command + ": " + error.get("desc"));
            }
            return answer.get("return");
        } finally {
            commands.unlock();
        }
    }

    private void send(String line) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new BangerException(ErrorCode.VMM_FAILED, "QEMU's control socket is closed", e);
        }
    }

    private Map<String, Object> next(Duration atMost) {
        try {
            Map<String, Object> answer = answers.poll(atMost.toMillis(), TimeUnit.MILLISECONDS);
            if (answer == null) {
                throw new BangerException(
                        ErrorCode.TIMED_OUT, "QEMU did not answer within " + atMost.toSeconds() + " s");
            }
            if (answer.isEmpty()) {
                throw new BangerException(ErrorCode.VMM_FAILED, "QEMU closed its control socket");
            }
            return answer;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for QEMU", e);
        }
    }

    private void read() {
        try (BufferedReader reader =
                new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8.newDecoder(), 16 * 1024))) {
            String line;
            while ((line = readLine(reader)) != null) {
                if (!line.isBlank()) {
                    dispatch(line);
                }
            }
        } catch (IOException | RuntimeException e) { // the reading loop: whatever is wrong with it ends the connection
            closed = true;
        } finally {
            closed = true;
            answers.offer(Map.of());
        }
    }

    private static @Nullable String readLine(BufferedReader reader) throws IOException {
        StringBuilder line = new StringBuilder();
        int c;
        while ((c = reader.read()) >= 0) {
            if (c == '\n') {
                return line.toString();
            }
            if (line.length() >= LONGEST_LINE) {
                throw new IOException("QEMU sends a line without an end");
            }
            line.append((char) c);
        }
        return null;
    }

    @SuppressWarnings("unchecked")
    private void dispatch(String line) throws IOException {
        if (!(JSON.fromJson(line) instanceof Map<?, ?> message)) {
            throw new IOException("QEMU sends something that is no object");
        }
        if (message.get("event") instanceof String name) {
            Map<String, Object> data =
                    message.get("data") instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
            events.accept(new Event(name, data));
        } else if (!answers.offer((Map<String, Object>) message)) {
            throw new IOException("QEMU answers what was not asked");
        }
    }

    boolean isOpen() {
        return !closed;
    }

    @Override
    public void close() {
        closed = true;
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing is left to be done with a socket that cannot even be closed.
            return;
        }
    }
}
