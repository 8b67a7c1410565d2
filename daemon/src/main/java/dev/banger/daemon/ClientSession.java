package dev.banger.daemon;

import dev.banger.api.TerminalSize;
import dev.banger.cli.BangerCli;
import dev.banger.frame.Field;
import dev.banger.frame.Fields;
import dev.banger.frame.Frame;
import dev.banger.frame.FrameReader;
import dev.banger.frame.FrameType;
import dev.banger.frame.FrameWriter;
import dev.banger.frame.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A native client's connection, from HELLO to EXIT. The connection's thread reads frames; the command runs on another one, which
 * is interrupted when the client goes away.
 */
final class ClientSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClientSession.class);
    private static final Duration CLOSING = Duration.ofSeconds(15);

    private final BangerCli cli;
    private final DaemonFacts facts;
    private final ConcurrentHashMap<Thread, ClientConsole> commands = new ConcurrentHashMap<>();
    private volatile boolean closed;

    ClientSession(BangerCli cli, DaemonFacts facts) {
        this.cli = cli;
        this.facts = facts;
    }

    /** Serves a connection as a {@link SocketServer.Door}. */
    void serve(SocketChannel connection, ByteBuffer first) throws IOException {
        FrameReader reader = new FrameReader(connection, first);
        try (FrameWriter writer = new FrameWriter(connection)) {
            if (!greeted(reader, writer)) {
                return;
            }
            Optional<Frame> request = reader.next();
            if (request.isEmpty()) {
                return;
            }
            switch (request.get().type()) {
                case COMMAND -> run(request.get().fields(), reader, writer);
                case SHUTDOWN -> {
                    facts.requestShutdown();
                    // The end of this process closes the connection, and that is the answer.
                    while (reader.next().isPresent()) {}
                }
                default -> throw new ProtocolException("a client begins with COMMAND or SHUTDOWN");
            }
        } catch (ProtocolException e) {
            LOG.debug("A client broke the protocol: {}", e.getMessage());
        }
    }

    private boolean greeted(FrameReader reader, FrameWriter writer) throws IOException {
        Optional<Frame> hello = reader.next();
        if (hello.isEmpty()) {
            return false;
        }
        if (hello.get().type() != FrameType.HELLO) {
            throw new ProtocolException("a client begins with HELLO");
        }
        writer.write(Frame.of(
                FrameType.HELLO,
                0,
                Fields.builder()
                        .u32(Field.VERSION, Frame.PROTOCOL_VERSION)
                        .string(Field.BUILD, facts.build())
                        .u32(Field.PID, (int) facts.pid())));
        return true;
    }

    private void run(Fields command, FrameReader reader, FrameWriter writer) throws IOException {
        ClientConsole console = new ClientConsole(
                writer,
                (int) command.number(Field.TTY, 0),
                new TerminalSize((int) command.number(Field.ROWS, 24), (int) command.number(Field.COLS, 80)),
                Path.of(command.string(Field.CWD).orElse("/")),
                environment(command.strings(Field.ENV)));
        List<String> arguments = command.strings(Field.ARG);
        Thread worker = Thread.ofPlatform().daemon().name("command").unstarted(() -> {
            int status = BangerCli.FAILED;
            try {
                status = cli.run(arguments, console);
            } finally {
                console.finish(status); // the client then closes the connection, which ends the reading below
                commands.remove(Thread.currentThread());
            }
        });
        console.runsOn(worker);
        commands.put(worker, console);
        worker.start();
        if (closed) {
            console.gone();
        }
        try {
            Optional<Frame> frame;
            while ((frame = reader.next()).isPresent()) {
                console.accept(frame.get());
            }
        } catch (IOException e) {
            LOG.debug("A client's connection ended", e);
        } finally {
            console.gone();
            join(worker);
        }
    }

    /** Cancels the commands that run and waits, a bounded time, until they have cleaned up behind themselves. */
    @Override
    public void close() {
        closed = true;
        commands.values().forEach(ClientConsole::cancel);
        long deadline = System.nanoTime() + CLOSING.toNanos();
        for (Thread worker : commands.keySet()) {
            try {
                if (!worker.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
                    LOG.warn("A command did not end in time");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static void join(Thread worker) {
        try {
            worker.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Map<String, String> environment(List<String> entries) {
        Map<String, String> environment = new LinkedHashMap<>();
        for (String entry : entries) {
            int at = entry.indexOf('=');
            if (at > 0) {
                environment.put(entry.substring(0, at), entry.substring(at + 1));
            }
        }
        return environment;
    }
}
