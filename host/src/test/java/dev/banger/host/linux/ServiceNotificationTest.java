package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against real datagram sockets, which Java has none of: Python listens. */
class ServiceNotificationTest {
    private static final String LISTENER = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            name = sys.argv[1]
            s.bind("\\0" + name[1:] if name[0] == "@" else name)
            s.settimeout(20)
            print("listens", flush=True)
            print(repr(s.recv(4096).decode()), flush=True)
            """;

    @TempDir
    Path directory;

    private interface Sending {
        void with(ServiceNotification notification);
    }

    private static String received(String socket, Sending sending) throws IOException, InterruptedException {
        Process listener = new ProcessBuilder("python3", "-c", LISTENER, socket)
                .redirectErrorStream(true)
                .start();
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(listener.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(said.readLine()).isEqualTo("listens");
            sending.with(ServiceNotification.of(Map.of("NOTIFY_SOCKET", socket)));
            String message = said.readLine();
            assertThat(listener.waitFor(20, TimeUnit.SECONDS)).isTrue();
            return String.valueOf(message);
        } finally {
            listener.destroyForcibly();
        }
    }

    @Test
    void aSocketWithAFileIsToldThatTheServiceIsReady() throws Exception {
        String socket = directory.resolve("notify").toString();

        assertThat(received(socket, each -> each.ready("answers on /run/x")))
                .isEqualTo("'READY=1\\nSTATUS=answers on /run/x'");
    }

    @Test
    void soIsOneWithoutAFile() throws Exception {
        String socket = "@banger-test/" + ProcessHandle.current().pid();

        assertThat(received(socket, ServiceNotification::stopping)).isEqualTo("'STOPPING=1'");
    }

    @Test
    void whereNobodyListensNothingHappens() throws IOException {
        Path nobody = Files.createFile(directory.resolve("nobody"));

        ServiceNotification.of(Map.of()).ready("");
        ServiceNotification.of(Map.of("NOTIFY_SOCKET", nobody.toString())).ready("");
        ServiceNotification.of(Map.of("NOTIFY_SOCKET", "relative")).ready("");
        ServiceNotification.of(Map.of("NOTIFY_SOCKET", "/" + "x".repeat(200))).ready("");
    }
}
