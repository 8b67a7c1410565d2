package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The socket serves its owner alone, even where a mistake lets others reach it. Only root can try this. */
@Timeout(60)
class OtherUserTest {
    private static final String CLIENT = """
            import java.net.UnixDomainSocketAddress;
            import java.nio.ByteBuffer;
            import java.nio.channels.SocketChannel;

            class Client {
                public static void main(String[] arguments) throws Exception {
                    try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(arguments[0]))) {
                        channel.write(ByteBuffer.wrap(new byte[] {1, 0, 0, 0, 0, 0, 0, 0}));
                        System.out.print(channel.read(ByteBuffer.allocate(100)) > 0 ? "answered" : "closed");
                    } catch (java.io.IOException e) {
                        System.out.print("closed");
                    }
                }
            }
            """;

    @TempDir
    private Path directory;

    private String talkAs(String... user) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(user));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add(directory.resolve("Client.java").toString());
        command.add(directory.resolve("socket").toString());
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return said;
    }

    @Test
    void aPeerOfAnotherUserIsDropped() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "needs setpriv");
        Path socket = directory.resolve("socket");
        Files.writeString(directory.resolve("Client.java"), CLIENT);
        SocketServer.Door echo = (connection, first) -> connection.write(first);
        SocketServer server = SocketServer.open(socket, echo, echo);
        try {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(
                    directory.resolve("Client.java"), PosixFilePermissions.fromString("rw-r--r--"));
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rwxrwxrwx"));

            assertThat(talkAs()).isEqualTo("answered");
            assertThat(talkAs("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
                    .isEqualTo("closed");
        } finally {
            server.stopAccepting();
        }
    }
}
