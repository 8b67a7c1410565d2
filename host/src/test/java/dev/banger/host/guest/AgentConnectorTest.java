package dev.banger.host.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.frame.Field;
import dev.banger.frame.Fields;
import dev.banger.frame.Frame;
import dev.banger.frame.FrameReader;
import dev.banger.frame.FrameType;
import dev.banger.frame.FrameWriter;
import dev.banger.vm.GuestChannel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against sockets that do what a VMM's socket does. */
class AgentConnectorTest {
    private static final OptionalInt VSOCK = OptionalInt.of(1024);

    @TempDir
    private Path directory;

    private ServerSocketChannel server;
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch done = new CountDownLatch(1);

    @BeforeEach
    void listen() throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket()));
    }

    @AfterEach
    void close() throws IOException {
        done.countDown();
        server.close();
    }

    private Path socket() {
        return directory.resolve("agent.sock");
    }

    /** Serves connections one after the other, each as the next of these says. */
    private void serve(List<Connection> connections) {
        Thread.ofVirtual().start(() -> {
            for (Connection connection : connections) {
                try (SocketChannel channel = server.accept()) {
                    connection.serve(channel);
                } catch (IOException | InterruptedException e) {
                    return; // the test is over
                }
            }
        });
    }

    private interface Connection {
        void serve(SocketChannel channel) throws IOException, InterruptedException;
    }

    private void request(SocketChannel channel) throws IOException {
        StringBuilder line = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (channel.read(one.clear()) > 0 && one.get(0) != '\n') {
            line.append((char) one.get(0));
        }
        asked.add(line.toString());
    }

    private static void say(SocketChannel channel, String text) throws IOException {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private void agent(SocketChannel channel) throws IOException, InterruptedException {
        Frame hello = new FrameReader(channel).next().orElseThrow();
        try (FrameWriter writer = new FrameWriter(channel)) {
            writer.write(Frame.of(
                    FrameType.HELLO,
                    0,
                    Fields.builder()
                            .u32(Field.VERSION, Frame.PROTOCOL_VERSION)
                            .bytes(
                                    Field.NONCE,
                                    hello.fields().bytes(Field.NONCE).orElseThrow())
                            .string(Field.STATE, "ready")));
            done.await();
        }
    }

    private GuestChannel connect(OptionalInt port, boolean fresh, Duration atMost) {
        return new AgentConnector("test", 1).connect(socket(), port, fresh, atMost, () -> true);
    }

    @Test
    void throughAVsockItAsksForThePortFirst() {
        serve(List.of(channel -> {
            request(channel);
            say(channel, "OK 1073741824\n");
            agent(channel);
        }));

        try (GuestChannel guest = connect(VSOCK, false, Duration.ofSeconds(20))) {
            assertThat(guest.isOpen()).isTrue();
            assertThat(guest.identified()).isTrue();
        }
        assertThat(asked).containsExactly("CONNECT 1024");
    }

    @Test
    void withoutAVsockTheSocketIsTheAgents() {
        serve(List.of(this::agent));

        try (GuestChannel guest = connect(OptionalInt.empty(), true, Duration.ofSeconds(20))) {
            assertThat(guest.isOpen()).isTrue();
        }
    }

    @Test
    void itComesBackUntilSomebodyListensInTheGuest() {
        serve(List.of(
                channel -> {},
                this::request,
                channel -> {
                    request(channel);
                    say(channel, "OK 7\n");
                    // and the guest's driver, just restored, ends what it knows of
                },
                channel -> {
                    request(channel);
                    say(channel, "OK 8\n");
                    agent(channel);
                }));

        try (GuestChannel guest = connect(VSOCK, false, Duration.ofSeconds(20))) {
            assertThat(guest.isOpen()).isTrue();
        }
        assertThat(asked).hasSize(3);
    }

    @Test
    void aGuestThatNeverListensIsNotWaitedForBeyondTheDeadline() {
        serve(List.of(channel -> done.await()));

        assertThatThrownBy(() -> connect(VSOCK, true, Duration.ofMillis(300)))
                .isInstanceOf(BangerException.class)
                .extracting("code")
                .isEqualTo(ErrorCode.TIMED_OUT);
    }

    @Test
    void aSlowHostsGuestIsWaitedForLonger() {
        serve(List.of(channel -> {
            Thread.sleep(Duration.ofMillis(500));
            agent(channel);
        }));

        try (GuestChannel guest = new AgentConnector("test", 1000)
                .connect(socket(), OptionalInt.empty(), true, Duration.ofMillis(50), () -> true)) {
            assertThat(guest.isOpen()).isTrue();
        }
    }

    @Test
    void anAnswerThatIsNoneIsAFailure() {
        serve(List.of(channel -> {
            request(channel);
            say(channel, "no vsock here\n");
            done.await();
        }));

        assertThatThrownBy(() -> connect(VSOCK, true, Duration.ofSeconds(20)))
                .hasMessageContaining("no vsock here")
                .extracting("code")
                .isEqualTo(ErrorCode.VMM_FAILED);
    }
}
