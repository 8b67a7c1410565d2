package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.frame.FrameType;
import dev.banger.host.linux.SocketPath;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's socket: one path, two doors. A connection that begins with a HELLO frame is a native client's, any other is
 * handed to the HTTP door. Peers of another uid are dropped. Thread-safe.
 */
final class SocketServer {
    private static final Logger LOG = LoggerFactory.getLogger(SocketServer.class);
    private static final int BACKLOG = 256;
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final int MOST_CONNECTIONS = 512;

    /** Serves one connection, whose first bytes have been read, and returns when it is done. */
    @FunctionalInterface
    interface Door {
        void serve(SocketChannel connection, ByteBuffer first) throws IOException;
    }

    private final Path socket;
    private final Door frames;
    private final Door http;
    private final ServerSocketChannel server;
    private final UserPrincipal owner;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();

    private SocketServer(Path socket, Door frames, Door http, ServerSocketChannel server, UserPrincipal owner) {
        this.socket = socket;
        this.frames = frames;
        this.http = http;
        this.server = server;
        this.owner = owner;
    }

    /** Binds the socket, in the place of a dead predecessor's; the caller holds the instance lock. */
    static SocketServer open(Path socket, Door frames, Door http) {
        try {
            removeStale(socket);
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            try (SocketPath path = SocketPath.of(socket)) {
                server.bind(path.address(), BACKLOG);
            } catch (IOException e) {
                server.close();
                throw e;
            }
            SocketServer opened = new SocketServer(socket, frames, http, server, Files.getOwner(socket));
            Thread.ofPlatform().daemon().name("accept").start(opened::accept);
            return opened;
        } catch (IOException e) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "cannot listen on " + socket + ": " + e.getMessage(), e);
        }
    }

    /** Only a socket is ever removed: what else lies there was put there by somebody else. */
    private static void removeStale(Path socket) throws IOException {
        if (Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
            // File type bits of st_mode, inode(7): S_IFSOCK
            int mode = (Integer) Files.getAttribute(socket, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            if ((mode & 0170000) != 0140000) {
                throw new IOException("it exists and is no socket; move it away");
            }
            Files.delete(socket);
        }
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel connection = server.accept();
                if (connections.size() >= MOST_CONNECTIONS) {
                    LOG.warn("Dropped a connection: {} are open already", connections.size());
                    connection.close();
                    continue;
                }
                connections.add(connection);
                Thread.ofPlatform().daemon().name("connection").start(() -> serve(connection));
            } catch (IOException e) {
                if (server.isOpen()) {
                    LOG.warn("Could not accept a connection", e);
                    LockSupport.parkNanos(
                            PAUSE.toNanos()); // out of descriptors, most likely: trying at once helps nobody
                }
            }
        }
    }

    private void serve(SocketChannel connection) {
        try (connection) {
            UserPrincipal peer =
                    connection.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
            if (!peer.equals(owner)) {
                LOG.warn("Refused a connection of user {}", peer);
                return;
            }
            ByteBuffer first = ByteBuffer.allocate(1);
            if (connection.read(first) == 1) {
                boolean isClient = first.flip().get(0) == FrameType.HELLO.code();
                (isClient ? frames : http).serve(connection, first);
            }
        } catch (IOException e) {
            LOG.debug("A connection ended", e);
        } catch (RuntimeException e) { // the connection loop: a defect or hostile bytes end this connection alone
            LOG.warn("A connection failed", e);
        } finally {
            connections.remove(connection);
        }
    }

    /** Takes no more connections; those there are stay open. */
    void stopAccepting() {
        try {
            server.close();
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.warn("Could not remove {}", socket, e);
        }
    }
}
