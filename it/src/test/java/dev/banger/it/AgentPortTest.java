package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The agent's side of its port, by frames made here (docs/protocol.md). */
@Order(64)
class AgentPortTest {
    private static final int HELLO = 1;
    private static final int STATS = 8;
    private static final int CHANNEL = 5;
    /** How the head of a REPLY on that channel begins. */
    private static final String REPLY = "\f\0\0\5";

    private static final String NONCE = "0123456789abcdef";

    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("port");

    private final Banger banger = HOME.banger();

    /**
     * A restored guest learns late that the port was closed before its daemon opened it, after the daemon's HELLO: had it forgotten
     * the connection, it would not hear the identity that follows.
     */
    @Test
    @Timeout(120)
    void aPortThatIsClosedForAMomentGoesOnWhereItWas() throws IOException {
        banger.ok("vm", "create", "--name", "dev", "--memory", "256M");
        Path socket = Path.of(Outcome.text(banger.show("dev"), "directory")).resolve("agent.sock");
        banger.ok("daemon", "stop");

        try (SocketChannel daemon = open(socket)) {
            write(daemon, ByteBuffer.allocate(262_152));
            ByteBuffer nonce = ByteBuffer.allocate(21).put((byte) 3).putInt(16);
            nonce.put(NONCE.getBytes(StandardCharsets.US_ASCII));
            write(daemon, frame(HELLO, 0, nonce.array()));
            readUntil(daemon, NONCE);
        }
        // Time for the guest to see it, and less than it waits for a host to come back.
        Awaitility.await().pollDelay(Duration.ofMillis(200)).until(() -> true);
        try (SocketChannel again = open(socket)) {
            write(again, frame(STATS, CHANNEL, new byte[0]));
            assertThat(readUntil(again, REPLY)).contains(REPLY);
        }

        assertThat(banger.shell("dev", "hostname")).as("with a daemon again").isEqualTo("dev");
        banger.ok("vm", "delete", "dev");
    }

    private static SocketChannel open(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        return channel;
    }

    private static ByteBuffer frame(int type, int channel, byte[] payload) {
        return ByteBuffer.allocate(8 + payload.length)
                .put((byte) type)
                .put((byte) 0)
                .putShort((short) channel)
                .putInt(payload.length)
                .put(payload)
                .flip();
    }

    private static void write(SocketChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static String readUntil(SocketChannel channel, String wanted) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer some = ByteBuffer.allocate(4096);
        while (!all.toString(StandardCharsets.ISO_8859_1).contains(wanted)) {
            if (channel.read(some.clear()) < 0) {
                throw new IOException("the port was closed");
            }
            all.write(some.array(), 0, some.position());
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }
}
