package dev.banger.host.oci;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A registry on this host that does as it should until a test tells it otherwise (T10). */
final class EvilRegistry implements AutoCloseable {
    /** Answers in place of the registry. @return whether it did */
    @FunctionalInterface
    interface Twist {
        boolean answer(HttpExchange exchange, String path) throws IOException;
    }

    /** Method, path and range of each request, in order. */
    final List<String> requests = new CopyOnWriteArrayList<>();
    /** The Authorization that came with each request; "-" where none did. */
    final List<String> authorizations = new CopyOnWriteArrayList<>();

    private final Map<String, byte[]> documents = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final HttpServer server;
    private volatile Twist twist = (exchange, path) -> false;

    EvilRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** @return what {@code image pull} takes */
    String serve(LayoutBuilder layout) {
        byte[] manifest = layout.manifest().getBytes(StandardCharsets.UTF_8);
        layout.blobs.forEach((digest, bytes) -> documents.put("/v2/team/app/blobs/" + digest, bytes));
        documents.put("/v2/team/app/manifests/1", manifest);
        documents.put("/v2/team/app/manifests/" + LayoutBuilder.digest(manifest), manifest);
        return host() + "/team/app:1";
    }

    void document(String path, String content) {
        documents.put(path, content.getBytes(StandardCharsets.UTF_8));
    }

    EvilRegistry twist(Twist twist) {
        this.twist = twist;
        return this;
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String range = exchange.getRequestHeaders().getFirst("Range");
            requests.add(exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range));
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            authorizations.add(authorization == null ? "-" : authorization);
            if (twist.answer(exchange, path)) {
                return;
            }
            byte[] document = documents.get(path);
            if (document == null) {
                exchange.sendResponseHeaders(404, -1);
            } else if (range == null) {
                send(exchange, 200, document);
            } else {
                int from = Integer.parseInt(range.replaceAll("[^0-9]", ""));
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes " + from + "-" + (document.length - 1) + "/" + document.length);
                send(exchange, 206, Arrays.copyOfRange(document, from, document.length));
            }
        }
    }

    static void send(HttpExchange exchange, int status, byte[] bytes) throws IOException {
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    static void redirect(HttpExchange exchange, String to) throws IOException {
        exchange.getResponseHeaders().set("Location", to);
        exchange.sendResponseHeaders(307, -1);
    }

    /** Sends some of a longer body, and then nothing for as long as the registry is there. */
    void stall(HttpExchange exchange, long promised, byte[] bytes) throws IOException {
        exchange.sendResponseHeaders(200, promised);
        exchange.getResponseBody().write(bytes);
        exchange.getResponseBody().flush();
        hang();
    }

    void hang() {
        try {
            closed.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
