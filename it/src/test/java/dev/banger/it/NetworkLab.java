package dev.banger.it;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;

/**
 * Two network namespaces: one as a host, and one as the internet, with a web server and a DNS server, which the host's default
 * route leads to.
 */
final class NetworkLab implements AutoCloseable {
    /** There is one at a time. */
    static final String NAME = "network lab";

    static final String SERVER = "198.51.100.1";
    static final String HOST = "198.51.100.2";
    static final String ELSEWHERE = "198.51.100.9";

    private static final Path SETTINGS = Path.of("/etc/netns");

    private final String host = "bgrit-host-" + ProcessHandle.current().pid();
    private final String internet = "bgrit-net-" + ProcessHandle.current().pid();
    private final boolean firstSettings;
    private final Process server;
    private final Process resolver;

    /** {@code directory} is what the server serves. */
    NetworkLab(Path directory) throws IOException {
        ip("netns", "add", host);
        ip("netns", "add", internet);
        ip("link", "add", "up0", "netns", host, "type", "veth", "peer", "name", "up1", "netns", internet);
        ip("-n", host, "address", "add", HOST + "/24", "dev", "up0");
        ip("-n", internet, "address", "add", SERVER + "/24", "dev", "up1");
        for (String each : new String[] {host, internet}) {
            ip("-n", each, "link", "set", "lo", "up");
        }
        ip("-n", host, "link", "set", "up0", "up");
        ip("-n", internet, "link", "set", "up1", "up");
        ip("-n", host, "route", "add", "default", "via", SERVER);
        Files.writeString(directory.resolve("hello"), "hello from the internet\n");
        firstSettings = Files.notExists(SETTINGS);
        Path settings = SETTINGS.resolve(host); // programs in the namespace have it in place of /etc/resolv.conf
        Files.createDirectories(settings);
        Files.writeString(settings.resolve("resolv.conf"), "nameserver " + SERVER + "\n");
        resolver = new ProcessBuilder(
                        "ip",
                        "netns",
                        "exec",
                        internet,
                        java(),
                        "-cp",
                        tests(),
                        NameResponder.class.getName(),
                        SERVER,
                        "web.example.org=" + SERVER,
                        "other.example.org=" + ELSEWHERE,
                        "deep.web.example.com=" + SERVER,
                        "rebound.web.example.com=192.168.7.7")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        server = new ProcessBuilder(
                        "ip",
                        "netns",
                        "exec",
                        internet,
                        java(),
                        "-m",
                        "jdk.httpserver",
                        "-b",
                        SERVER,
                        "-p",
                        "80",
                        "-d",
                        directory.toAbsolutePath().toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Awaitility.await("the web server")
                .atMost(Duration.ofSeconds(60))
                .until(() -> inHost("curl", "-sS", "-m", "5", url()).run().status() == 0);
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin/java").toString();
    }

    static String url() {
        return "http://" + SERVER + "/hello";
    }

    /** The namespace that is the host. */
    String host() {
        return host;
    }

    /** The namespace beyond the host. */
    String internet() {
        return internet;
    }

    /** Hears in a namespace what comes to a port. */
    static Running listener(String namespace, int port) {
        Running listener = in(namespace, java(), "-cp", tests(), Listener.class.getName(), Integer.toString(port))
                .open();
        listener.awaitOutput("listening");
        return listener;
    }

    private static String tests() {
        return Path.of(URI.create(NameResponder.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toString()))
                .toString();
    }

    Call inHost(String... words) {
        return in(host, words);
    }

    Call inInternet(String... words) {
        return in(internet, words);
    }

    private static Call in(String namespace, String... words) {
        String[] all = new String[words.length + 4];
        System.arraycopy(new String[] {"ip", "netns", "exec", namespace}, 0, all, 0, 4);
        System.arraycopy(words, 0, all, 4, words.length);
        return Call.program(all);
    }

    /** All rules of the host, as its two programs list them; comments of iptables-save have the time in them. */
    String rules() {
        return inHost("nft", "list", "ruleset").run().expect(0).out()
                + inHost("iptables-save").run().expect(0).out().replaceAll("(?m)^#.*$", "");
    }

    /** Names of the host's links. */
    String links() {
        return inHost("ls", "/sys/class/net").run().expect(0).out();
    }

    private static void ip(String... words) {
        String[] all = new String[words.length + 1];
        all[0] = "ip";
        System.arraycopy(words, 0, all, 1, words.length);
        Call.program(all).run().expect(0);
    }

    @Override
    public void close() {
        server.destroyForcibly();
        resolver.destroyForcibly();
        try {
            server.waitFor();
            resolver.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        ip("netns", "delete", internet);
        ip("netns", "delete", host);
        BangerHome.Trees.delete(SETTINGS.resolve(host));
        if (firstSettings && BangerHome.Trees.names(SETTINGS).isEmpty()) {
            BangerHome.Trees.delete(SETTINGS);
        }
    }
}
