package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.frame.Field;
import dev.banger.frame.Fields;
import dev.banger.frame.Frame;
import dev.banger.frame.FrameType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The native client's door, over a real socket. */
@Timeout(60)
class FrameDoorTest {
    @TempDir
    private Path directory;

    private MemoryDaemon daemon;

    @BeforeEach
    void open() throws IOException {
        daemon = new MemoryDaemon(directory);
    }

    @AfterEach
    void close() {
        daemon.close();
    }

    private FrameClient.Ended run(String... words) throws IOException {
        try (FrameClient client = daemon.connect()) {
            return client.run(words);
        }
    }

    private void untilBooting() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; daemon.host().runningIds().isEmpty(); i++) {
            assertThat(i).as("tries").isLessThan(1000);
            assertThat(never.await(10, TimeUnit.MILLISECONDS)).isFalse();
        }
    }

    private void untilNothingIsLeft() throws InterruptedException, IOException {
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; !run("vm", "ls", "-q").out().isEmpty(); i++) {
            assertThat(i).as("tries").isLessThan(500);
            assertThat(never.await(20, TimeUnit.MILLISECONDS)).isFalse();
        }
        assertThat(daemon.host().runningIds()).isEmpty();
        assertThat(daemon.host().attachedIds()).isEmpty();
    }

    @Test
    void aHelloIsAnsweredWithBuildAndPid() throws IOException {
        try (FrameClient client = daemon.connect()) {
            Fields hello = client.hello();

            assertThat(hello.string(Field.BUILD)).contains("abc123");
            assertThat(hello.number(Field.VERSION, 0)).isEqualTo(Frame.PROTOCOL_VERSION);
            assertThat(hello.number(Field.PID, 0))
                    .isEqualTo(ProcessHandle.current().pid());
        }
    }

    @Test
    void aCommandRunsAndEndsWithItsStatus() throws IOException {
        assertThat(run("vm", "create", "--name", "dev")).isEqualTo(new FrameClient.Ended(0, "dev\n", ""));
        assertThat(run("vm", "ls", "-q").out()).isEqualTo("dev\n");
        assertThat(run("vm", "show", "nothing").status()).isEqualTo(125);
        assertThat(run("vm", "frobnicate").status()).isEqualTo(2);
    }

    @Test
    void outputWaitsForCredit() throws Exception {
        try (FrameClient client = daemon.connect()) {
            client.hello();
            client.command(0, "version");
            assertThat(new CountDownLatch(1).await(200, TimeUnit.MILLISECONDS)).isFalse();
            client.send(Frame.window(0, 3));

            Frame first = client.next();
            assertThat(first.type()).isEqualTo(FrameType.STDOUT);
            assertThat(new String(first.payload(), StandardCharsets.UTF_8)).isEqualTo("ban");
            assertThat(client.await().out()).startsWith("ger 0.1.0");
        }
    }

    @Test
    void stdinIsNotAskedForUnlessItIsRead() throws IOException {
        try (FrameClient client = daemon.connect()) {
            // A WINDOW would be an unexpected frame here.
            assertThat(client.run("vm", "ls", "-q").status()).isZero();
        }
    }

    @Test
    void stdinIsAskedForWhenItIsRead() throws IOException {
        run("vm", "create", "--name", "old", "--no-start");
        try (FrameClient client = daemon.connect()) {
            client.hello();
            client.command(7, "vm", "prune");
            client.send(Frame.window(0, 1 << 20));
            Frame frame = client.next();
            while (frame.type() == FrameType.STDERR) {
                frame = client.next();
            }
            assertThat(frame.type()).isEqualTo(FrameType.WINDOW);
            assertThat(frame.number()).isPositive();

            client.send(new Frame(FrameType.STDIN, 0, "y\n".getBytes(StandardCharsets.UTF_8)));

            assertThat(client.await())
                    .extracting(FrameClient.Ended::status, FrameClient.Ended::out)
                    .containsExactly(0, "old\n");
        }
        assertThat(run("vm", "ls", "-q").out()).isEmpty();
    }

    @Test
    void stdinThatNobodyAskedForEndsThisConnectionAlone() throws IOException {
        try (FrameClient client = daemon.connect()) {
            client.hello();
            client.command(0, "version"); // it cannot end: its output has no credit
            client.send(new Frame(FrameType.STDIN, 0, new byte[] {'x'}));

            assertThat(client.isClosedByDaemon()).isTrue();
        }
        assertThat(run("version").status()).isZero();
    }

    @Test
    void theClientBecomesSsh() throws IOException {
        run("vm", "create", "--name", "dev");
        try (FrameClient client = daemon.connect()) {
            client.hello();
            client.command(0, "vm", "ssh", "dev");
            Frame become = client.next();

            assertThat(become.type()).isEqualTo(FrameType.BECOME);
            assertThat(become.fields().strings(Field.ARG)).startsWith("ssh");
        }
    }

    @Test
    void aSignalCancelsTheCommandAndWhatItBegan() throws Exception {
        daemon.host().gateBoots(new CountDownLatch(1));
        try (FrameClient client = daemon.connect()) {
            client.hello();
            client.command(0, "vm", "create", "--name", "dev");
            untilBooting();
            client.send(Frame.signal(0, 2));

            assertThat(client.await().status()).isEqualTo(130);
        }
        untilNothingIsLeft();
    }

    @Test
    void aClientThatGoesAwayTakesItsCommandWithIt() throws Exception {
        daemon.host().gateBoots(new CountDownLatch(1));
        try (FrameClient client = daemon.connect()) {
            client.hello();
            client.command(0, "vm", "create", "--name", "dev");
            untilBooting();
        }
        untilNothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 13, 15, 29, 99, 255})
    void aFrameThatIsNotLegalEndsThisConnectionAlone(int type) throws IOException {
        try (FrameClient client = daemon.connect()) {
            client.hello();
            client.sendRaw((byte) type, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 0);

            assertThat(client.isClosedByDaemon()).isTrue();
        }
        assertThat(run("version").status()).isZero();
    }

    @Test
    void aFrameTooLongEndsThisConnectionAlone() throws IOException {
        try (FrameClient client = daemon.connect()) {
            client.sendRaw((byte) 1, (byte) 0, (byte) 0, (byte) 0, (byte) 0x7f, (byte) 0xff, (byte) 0xff, (byte) 0xff);

            assertThat(client.isClosedByDaemon()).isTrue();
        }
        assertThat(run("version").status()).isZero();
    }

    @Test
    void fieldsThatAreCutOffEndThisConnectionAlone() throws IOException {
        try (FrameClient client = daemon.connect()) {
            client.hello();
            client.send(new Frame(FrameType.COMMAND, 0, new byte[] {4, 0, 0, 0, 9, 'v'}));

            assertThat(client.isClosedByDaemon()).isTrue();
        }
        assertThat(run("version").status()).isZero();
    }

    @Test
    void manyClientsAtOnceAreServed() throws Exception {
        CountDownLatch done = new CountDownLatch(40);
        for (int i = 0; i < 40; i++) {
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    if (run("vm", "ls").status() == 0) {
                        done.countDown();
                    }
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
        }
        assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void twentyCreatesOfOneNameMakeOneVm() throws Exception {
        CountDownLatch won = new CountDownLatch(1);
        CountDownLatch lost = new CountDownLatch(19);
        for (int i = 0; i < 20; i++) {
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    FrameClient.Ended ended = run("vm", "create", "--name", "dev");
                    if (ended.status() == 0) {
                        won.countDown();
                    } else if (ended.status() == 125 && ended.err().contains("already exists")) {
                        lost.countDown();
                    }
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
        }
        assertThat(won.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(lost.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(run("vm", "ls", "-q").out()).isEqualTo("dev\n");
    }
}
