package dev.banger.host.http;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Fetches from one server, and from where it redirects to: from https to https alone, and from a public address to public addresses
 * alone. No request waits for ever. Proxies are the environment's. Thread-safe; interruptible.
 */
public final class HttpFetch implements AutoCloseable {
    private static final int REDIRECTS = 5;

    /** How long a server may keep banger waiting: for a connection, and for the next part of an answer. */
    public record Patience(Duration connect, Duration stretch) {
        public static final Patience USUAL = new Patience(Duration.ofSeconds(8), Duration.ofSeconds(8));
    }

    private final URI base;
    private final Patience patience;
    private final HttpClient http;
    private final Map<String, Boolean> internal = new ConcurrentHashMap<>();

    /** {@code base}: an http or https address of the server. */
    public HttpFetch(URI base, Patience patience, Map<String, String> environment) {
        this.base = base;
        this.patience = patience;
        http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(patience.connect())
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(new EnvironmentProxies(environment))
                .build();
    }

    /** Whether a URI's host is this one, by its name or address. */
    public static boolean isLoopback(@Nullable String host) {
        return host != null
                && (host.equals("localhost") || host.equals("[::1]") || host.matches("127\\.[0-9]+\\.[0-9]+\\.[0-9]+"));
    }

    /** The server, as people call it. */
    public String server() {
        return String.valueOf(base.getAuthority());
    }

    /**
     * The first answer that is no redirect, whatever its status; the caller closes its body.
     *
     * @param authorization sent to this server, and to none that it redirects to; empty: none
     */
    public HttpResponse<InputStream> get(URI first, Map<String, String> headers, String authorization)
            throws IOException {
        URI at = first;
        for (int redirects = 0; redirects <= REDIRECTS; redirects++) {
            Map<String, String> sent = new HashMap<>(headers);
            if (!authorization.isEmpty() && sameServer(at, base)) {
                sent.put("Authorization", authorization);
            }
            HttpResponse<InputStream> answer = send(request(at, sent).GET().build());
            int status = answer.statusCode();
            if (status < 301 || status > 308 || status == 304) {
                return answer;
            }
            answer.body().close();
            String to = answer.headers().firstValue("Location").orElse("");
            at = checked(at, to, "redirects");
        }
        throw new BangerException(ErrorCode.REGISTRY_FAILED, server() + " redirects again and again");
    }

    /** Where the server may send banger; {@code verb}: what it does to that end. */
    public URI checked(URI from, String to, String verb) {
        URI uri;
        try {
            uri = from.resolve(to);
        } catch (IllegalArgumentException e) {
            throw forbidden(verb, to);
        }
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        boolean plain = scheme.equals("http") && "http".equals(base.getScheme());
        if (uri.getHost() == null || uri.getUserInfo() != null || !(scheme.equals("https") || plain)) {
            throw forbidden(verb, to);
        }
        if (!sameServer(uri, base) && isInternal(uri.getHost()) && !isInternal(String.valueOf(base.getHost()))) {
            throw forbidden(verb, to);
        }
        return uri;
    }

    private BangerException forbidden(String verb, String to) {
        return new BangerException(
                ErrorCode.REGISTRY_FAILED,
                server() + " " + verb + " to " + Neutral.text(to) + ", where banger does not go");
    }

    /** Whether a name stands for an address that only this host or its network has. */
    private boolean isInternal(String host) {
        return internal.computeIfAbsent(host, name -> {
            try {
                for (InetAddress address : InetAddress.getAllByName(name)) {
                    boolean unique = address.getAddress().length == 16 && (address.getAddress()[0] & 0xFE) == 0xFC;
                    if (unique
                            || address.isLoopbackAddress()
                            || address.isAnyLocalAddress()
                            || address.isLinkLocalAddress()
                            || address.isSiteLocalAddress()) {
                        return true;
                    }
                }
                return false;
            } catch (UnknownHostException e) {
                return false; // connecting will say so
            }
        });
    }

    private static boolean sameServer(URI one, URI other) {
        return String.valueOf(one.getScheme()).equalsIgnoreCase(other.getScheme())
                && String.valueOf(one.getHost()).equalsIgnoreCase(other.getHost())
                && one.getPort() == other.getPort();
    }

    /** A request within this server's patience. */
    public HttpRequest.Builder request(URI uri, Map<String, String> headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(patience.stretch());
        headers.forEach(request::header);
        return request;
    }

    /** The answer to a request, a redirect, too; its body fails when next to nothing comes. */
    public HttpResponse<InputStream> send(HttpRequest request) throws IOException {
        try {
            return http.send(request, info -> new BodyStream(patience.stretch()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while asking " + server(), e);
        } catch (IOException e) {
            if (e.getCause() instanceof BangerException proxy) {
                throw proxy;
            }
            // A refused connection and a name that nobody knows have no message.
            String reason = e.getMessage() == null ? "there is no connection to it" : e.getMessage();
            throw new IOException(reason, e);
        }
    }

    /** A short body within one stretch of patience; of a longer one than {@code most} a byte more than that. */
    public byte[] document(InputStream in, int most) throws IOException {
        long deadline = System.nanoTime() + patience.stretch().toNanos();
        byte[] bytes = new byte[Math.min(8192, most + 1)];
        int length = 0;
        for (int got = in.read(bytes); got >= 0; got = in.read(bytes, length, bytes.length - length)) {
            length += got;
            if (length > most) {
                break;
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        "a document took longer than " + patience.stretch().toSeconds() + " s");
            }
            if (length == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(2L * length, most + 1L));
            }
        }
        return Arrays.copyOf(bytes, length);
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
