package dev.banger.host.linux;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager how this service is (sd_notify(3)): a datagram to the socket that {@code NOTIFY_SOCKET} names. Where there
 * is none, nobody wants to know. Thread-safe.
 */
public final class ServiceNotification {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceNotification.class);
    /** sockaddr_un, unix(7) */
    private static final int PATH_BYTES = 108;

    private static final int FAMILY_BYTES = 2;

    private final String socket;

    private ServiceNotification(String socket) {
        this.socket = socket;
    }

    public static ServiceNotification of(Map<String, String> environment) {
        return new ServiceNotification(environment.getOrDefault("NOTIFY_SOCKET", ""));
    }

    /** The service does its work from now on; {@code status} is for people. */
    public void ready(String status) {
        send("READY=1\nSTATUS=" + status);
    }

    /** It is about to end. */
    public void stopping() {
        send("STOPPING=1");
    }

    private void send(String message) {
        if (socket.isEmpty()) {
            return;
        }
        byte[] address = address(socket);
        if (address.length == 0) {
            LOG.warn("NOTIFY_SOCKET is no path of a socket: {}", socket);
            return;
        }
        Libc.Result opened = Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        if (opened.failed()) {
            LOG.warn("Cannot make a socket for the service manager (errno {})", opened.errno());
            return;
        }
        try {
            Libc.Result sent = Libc.sendTo((int) opened.value(), message.getBytes(StandardCharsets.UTF_8), address);
            if (sent.failed()) {
                LOG.warn("Cannot tell the service manager at {} (errno {})", socket, sent.errno());
            }
        } finally {
            Libc.close((int) opened.value());
        }
    }

    /** Empty where there can be none. A name that begins with @ is one without a file: its first byte is 0. */
    private static byte[] address(String socket) {
        byte[] name = socket.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = socket.startsWith("@");
        if (name.length >= PATH_BYTES || !isAbstract && !socket.startsWith("/")) {
            return new byte[0];
        }
        byte[] address = new byte[FAMILY_BYTES + name.length + (isAbstract ? 0 : 1)];
        address[0] = (byte) Libc.AF_UNIX;
        System.arraycopy(name, 0, address, FAMILY_BYTES, name.length);
        if (isAbstract) {
            address[FAMILY_BYTES] = 0;
        }
        return address;
    }
}
