package dev.banger.daemon;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.SocketPath;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP door. Jetty listens on a socket of its own behind the daemon's and is started by the first connection: most
 * daemons never serve HTTP, and starting Jetty takes longer than all the rest. Thread-safe.
 */
final class HttpDoor implements AutoCloseable {
    private static final int COPY = 16 * 1024;

    /** A request that follows an operation holds a thread; the socket takes 512 connections. */
    private static final int MOST_THREADS = 520;

    private static final Duration AFTER_REQUEST = Duration.ofSeconds(10);

    private final Path socket;
    private final BangerApi api;
    private @Nullable Server server;
    private @Nullable SocketPath path;
    private boolean closed;

    /** {@code socket} lies in the daemon's own directory of mode 0700. */
    HttpDoor(Path socket, BangerApi api) {
        this.socket = socket;
        this.api = api;
    }

    /** Serves a connection as a {@link SocketServer.Door}. */
    void serve(SocketChannel connection, ByteBuffer first) throws IOException {
        start();
        try (SocketChannel jetty = SocketChannel.open(StandardProtocolFamily.UNIX);
                SocketPath path = SocketPath.of(socket)) {
            jetty.connect(path.address());
            writeAll(jetty, first);
            Thread back = Thread.ofPlatform().daemon().name("http-back").start(() -> copy(jetty, connection));
            copy(connection, jetty);
            // The client sends no more. It may still read the answer to what it asked; one that never comes is not
            // waited for.
            back.join(AFTER_REQUEST);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void copy(SocketChannel from, SocketChannel to) {
        ByteBuffer buffer = ByteBuffer.allocate(COPY);
        try {
            while (from.read(buffer) >= 0) {
                writeAll(to, buffer.flip());
                buffer.clear();
            }
            to.shutdownOutput();
        } catch (IOException e) {
            closeBoth(from, to);
        }
    }

    private static void closeBoth(SocketChannel one, SocketChannel other) {
        try (one;
                other) {
            return;
        } catch (IOException e) {
            return; // one side is gone, which is what made us close
        }
    }

    private static void writeAll(SocketChannel to, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    private synchronized void start() {
        if (closed) {
            throw new BangerException(ErrorCode.CANCELLED, "the daemon is ending");
        }
        if (server != null) {
            return;
        }
        QueuedThreadPool threads = new QueuedThreadPool(MOST_THREADS, 2);
        threads.setName("http");
        threads.setDaemon(true);
        Server fresh = new Server(threads);
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        UnixDomainServerConnector connector =
                new UnixDomainServerConnector(fresh, 1, 1, new HttpConnectionFactory(configuration));
        SocketPath bound = SocketPath.of(socket); // kept open as long as Jetty listens there
        connector.setUnixDomainPath(bound.address().getPath());
        connector.setIdleTimeout(0);
        fresh.addConnector(connector);
        fresh.setHandler(new HttpRoutes(api));
        fresh.setStopTimeout(0);
        try {
            Files.deleteIfExists(socket);
            fresh.start();
            server = fresh;
            path = bound;
        } catch (Exception e) { // Jetty's start declares Exception
            throw new BangerException(ErrorCode.INTERNAL, "the HTTP door does not open: " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        Server running = server;
        server = null;
        if (running != null) {
            try {
                running.stop();
                if (path != null) {
                    path.close();
                }
                Files.deleteIfExists(socket);
            } catch (Exception e) { // Jetty's stop declares Exception
                throw new BangerException(ErrorCode.INTERNAL, "the HTTP door does not close: " + e.getMessage(), e);
            }
        }
    }
}
