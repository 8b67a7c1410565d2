package dev.banger.daemon;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.TerminalSize;
import dev.banger.cli.BangerCli;
import dev.banger.cli.Console;
import dev.banger.config.Places;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * What the build runs so that the JVM can record which classes a start needs (JEP 483, JEP 514): a daemon in a home of its own that
 * answers the usual commands, then ends.
 */
final class TrainingRun {
    private static final List<List<String>> COMMANDS = List.of(
            List.of("vm", "ls"),
            List.of("vm", "ls", "--json"),
            List.of("daemon", "status", "--json"),
            List.of("--help"),
            List.of("vm", "run", "--help"),
            List.of("image", "ls"),
            List.of("kernel", "ls"),
            List.of("version"));

    private TrainingRun() {}

    static void run(Path tree, Map<String, String> environment) {
        try {
            Path home = Files.createTempDirectory("banger-training-");
            try {
                Map<String, String> own = new HashMap<>(environment);
                own.put("BANGER_HOME", home.toString());
                own.put("BANGER_DNS_PORT", Integer.toString(freePort()));
                own.keySet().removeIf(name -> name.startsWith("BANGER_MAPDNS_") || name.equals("BANGER_RUNTIME_DIR"));
                System.setProperty("banger.log", home.resolve("bangerd.log").toString());
                Places places = Places.of(own);
                Files.createDirectories(places.config());
                Files.writeString(places.configFile(), "[vm]\nmemory = \"512M\"\n"); // its parser has many classes
                try (Daemon daemon = Daemon.open(tree, places, own)) {
                    BangerCli cli = new BangerCli(daemon.api(), "training", "training", Path.of("banger"));
                    for (List<String> command : COMMANDS) {
                        Recorder console = new Recorder();
                        int status = cli.run(command, console);
                        if (status != 0) {
                            throw new BangerException(
                                    ErrorCode.INTERNAL, command + " ended with " + status + ": " + console.text());
                        }
                    }
                    daemon.api().doctor();
                }
            } finally {
                delete(home);
            }
        } catch (IOException e) {
            throw new BangerException(ErrorCode.INTERNAL, "the training run failed: " + e, e);
        }
    }

    /** So that a build leaves the daemon alone that may be running on this host. */
    private static int freePort() throws IOException {
        try (ServerSocket any = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return any.getLocalPort();
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> entries = Files.walk(directory)) {
            for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(entry);
            }
        }
    }

    /** A console without a terminal that keeps what is written. */
    private static final class Recorder implements Console {
        private final ByteArrayOutputStream output = new ByteArrayOutputStream();

        String text() {
            return output.toString(StandardCharsets.UTF_8);
        }

        @Override
        public InputStream stdin() {
            return InputStream.nullInputStream();
        }

        @Override
        public OutputStream stdout() {
            return output;
        }

        @Override
        public OutputStream stderr() {
            return output;
        }

        @Override
        public boolean stdinIsTerminal() {
            return false;
        }

        @Override
        public boolean stdoutIsTerminal() {
            return false;
        }

        @Override
        public boolean stderrIsTerminal() {
            return false;
        }

        @Override
        public TerminalSize size() {
            return new TerminalSize(24, 80);
        }

        @Override
        public void onResize(Consumer<TerminalSize> listener) {}

        @Override
        public void onSignal(IntConsumer listener) {}

        @Override
        public void cancelOnSignal() {}

        @Override
        public void raw(boolean on) {}

        @Override
        public void become(List<String> command, Map<String, String> environment) {}

        @Override
        public Path directory() {
            return Path.of("/");
        }

        @Override
        public Map<String, String> environment() {
            return Map.of();
        }
    }
}
