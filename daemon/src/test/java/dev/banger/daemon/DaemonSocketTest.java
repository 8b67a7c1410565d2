package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.frame.Field;
import dev.banger.frame.Frame;
import dev.banger.frame.FrameReader;
import dev.banger.frame.FrameType;
import dev.banger.frame.FrameWriter;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The composed daemon over its real socket; no VM boots here. */
class DaemonSocketTest {
    @TempDir
    private Path directory;

    @Test
    void aCommandRunsAndEndsWithItsStatus() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.in(directory)) {
            RunningDaemon.Ended version = daemon.run("version");
            assertThat(version.out()).isEqualTo("banger 1.2.3 (build testbuild)\n");
            assertThat(version.last().number()).isZero();
            assertThat(daemon.run("vm", "show", "nosuch").last().number()).isEqualTo(125);
            assertThat(daemon.run("vm", "create", "--name", "Bad").last().number())
                    .isEqualTo(2);
            assertThat(daemon.run("vm", "ls", "--json").out()).isEqualToIgnoringWhitespace("[]");
        }
    }

    @Test
    void helloTellsBuildAndPid() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.in(directory);
                SocketChannel channel = daemon.connect();
                FrameWriter writer = new FrameWriter(channel)) {
            writer.write(RunningDaemon.hello());
            Frame hello = new FrameReader(channel).next().orElseThrow();
            assertThat(hello.fields().string(Field.BUILD)).contains("testbuild");
            assertThat(hello.fields().number(Field.PID, 0))
                    .isEqualTo(ProcessHandle.current().pid());
        }
    }

    @Test
    void brokenClientsLoseTheirConnectionAndNobodyElseDoes() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.in(directory)) {
            Random random = new Random(7);
            for (int i = 0; i < 200; i++) {
                try (SocketChannel channel = daemon.connect()) {
                    byte[] noise = new byte[1 + random.nextInt(300)];
                    random.nextBytes(noise);
                    noise[0] = (byte) FrameType.HELLO.code();
                    channel.write(ByteBuffer.wrap(noise));
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("pipe"); // it was faster in closing than we in writing
                }
            }
            assertThat(daemon.run("version").last().number()).isZero();
        }
    }

    @Test
    void httpAnswersOnTheSameSocketWithClearErrors() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.in(directory)) {
            assertThat(daemon.http("GET", "/v1/vms", ""))
                    .startsWith("HTTP/1.1 200")
                    .endsWith("[]\n");
            assertThat(daemon.http("GET", "/v1/vms/nosuch", ""))
                    .startsWith("HTTP/1.1 404")
                    .contains("NOT_FOUND");
            assertThat(daemon.http("GET", "/nothing", ""))
                    .startsWith("HTTP/1.1 404")
                    .contains("openapi.json");
            assertThat(daemon.http("POST", "/v1/vms", "{\"name\":\"Bad Name\"}"))
                    .startsWith("HTTP/1.1 400");
            assertThat(daemon.http("POST", "/v1/vms", "{\"nam\":\"x\"}"))
                    .startsWith("HTTP/1.1 400")
                    .contains("nam");
            assertThat(daemon.http("POST", "/v1/vms", "{")).startsWith("HTTP/1.1 400");
            assertThat(daemon.http("POST", "/v1/vms", "{\"image\":\"nosuch\"}")).startsWith("HTTP/1.1 404");
            assertThat(daemon.http("GET", "/openapi.json", "")).contains("\"/v1/vms/{vm}\"");
            assertThat(daemon.http("GET", "/metrics", "")).contains("banger_vms 0");
            assertThat(daemon.run("version").last().number()).isZero();
        }
    }

    @Test
    void allItsFilesAreItsOwnersAlone_P76() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.in(directory)) {
            daemon.http("GET", "/v1/vms", "");
            for (Path root : new Path[] {
                daemon.places().state(), daemon.places().run(), daemon.places().cache()
            }) {
                try (Stream<Path> entries = Files.list(root)) {
                    for (Path entry : entries.filter(Files::isDirectory).toList()) {
                        assertThat(PosixFilePermissions.toString(
                                        Files.getPosixFilePermissions(entry, LinkOption.NOFOLLOW_LINKS)))
                                .as(entry.toString())
                                .endsWith("------");
                    }
                }
            }
        }
    }

    @Test
    void aSecondDaemonIsRefusedWhileTheFirstLives() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.in(directory)) {
            assertThatThrownBy(() -> RunningDaemon.in(directory)).isInstanceOf(Daemon.AnotherDaemon.class);
            assertThat(daemon.run("version").last().number()).isZero();
        }
        RunningDaemon.in(directory).close();
    }

    @Test
    void closingTwiceIsHarmlessAndLeavesNoSocket_C5() throws Exception {
        RunningDaemon daemon = RunningDaemon.in(directory);
        daemon.http("GET", "/v1/vms", "");
        daemon.close();
        daemon.close();
        assertThat(daemon.places().socket()).doesNotExist();
        assertThat(daemon.places().run().resolve("http.sock")).doesNotExist();
    }

    @Test
    void aStaleSocketIsReplacedAndAnythingElseIsLeftAlone() throws Exception {
        RunningDaemon first = RunningDaemon.in(directory);
        Path socket = first.places().socket();
        first.close();
        try (ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            stale.bind(UnixDomainSocketAddress.of(socket));
        }
        RunningDaemon.in(directory).close();

        Files.writeString(socket, "precious");
        assertThatThrownBy(() -> RunningDaemon.in(directory)).hasMessageContaining("no socket");
        assertThat(socket).hasContent("precious");
    }

    @Test
    void aStartThatFailsHalfWayLeavesNothingOpen_P49() throws Exception {
        RunningDaemon first = RunningDaemon.in(directory);
        Path database = first.places().database();
        first.close();
        Files.delete(database);
        Files.createDirectory(database);

        assertThatThrownBy(() -> RunningDaemon.in(directory)).isInstanceOf(BangerException.class);
        assertThat(first.places().socket()).doesNotExist();

        Files.delete(database);
        RunningDaemon.in(directory).close(); // the lock was freed
    }

    @Test
    void aHomeWithALongPathWorks_P84() throws Exception {
        Path deep = Files.createDirectories(directory.resolve("d".repeat(100)).resolve("e".repeat(100)));
        try (RunningDaemon daemon = RunningDaemon.in(deep)) {
            assertThat(daemon.run("version").last().number()).isZero();
            assertThat(daemon.http("GET", "/v1/vms", "")).startsWith("HTTP/1.1 200");
        }
    }
}
