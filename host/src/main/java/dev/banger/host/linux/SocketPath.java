package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The address of a Unix socket whose path may be longer than the 107 bytes that fit into a sockaddr_un (unix(7), P84): a long
 * one goes through a descriptor of its directory. Close it after connecting or binding.
 */
public final class SocketPath implements AutoCloseable {
    private static final int LONGEST = 107;

    private final int directory;
    private final UnixDomainSocketAddress address;

    private SocketPath(int directory, UnixDomainSocketAddress address) {
        this.directory = directory;
        this.address = address;
    }

    public static SocketPath of(Path socket) {
        if (socket.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST) {
            return new SocketPath(-1, UnixDomainSocketAddress.of(socket));
        }
        Path parent = socket.toAbsolutePath().getParent();
        Libc.Result opened = Libc.open(String.valueOf(parent), Libc.O_PATH | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "cannot open " + parent + " (errno " + opened.errno() + ")");
        }
        int fd = (int) opened.value();
        return new SocketPath(fd, UnixDomainSocketAddress.of("/proc/self/fd/" + fd + "/" + socket.getFileName()));
    }

    public UnixDomainSocketAddress address() {
        return address;
    }

    @Override
    public void close() {
        if (directory >= 0) {
            Libc.close(directory);
        }
    }
}
