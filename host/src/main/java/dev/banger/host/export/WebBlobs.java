package dev.banger.host.export;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.http.HttpFetch;
import dev.banger.host.linux.DiskFailure;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/** Files on a web server, which needs to be able to nothing but GET. */
final class WebBlobs implements Blobs {
    private static final int ATTEMPTS = 3;
    private static final int BUFFER = 64 * 1024;

    private final URI address;
    private final HttpFetch http;

    /** {@code address}: of a directory, with a slash at the end, or of a file; as {@link #checked} allows. */
    private WebBlobs(URI address, Map<String, String> environment, HttpFetch.Patience patience) {
        this.address = address;
        http = new HttpFetch(address, patience, environment);
    }

    /** {@code address}: of the directory; https, or plain http with this host alone. */
    static WebBlobs directory(String address, Map<String, String> environment, HttpFetch.Patience patience) {
        return new WebBlobs(checked(address.endsWith("/") ? address : address + "/"), environment, patience);
    }

    /** An export in one file, fetched whole to {@code into}, since not every server sends parts of a file. No name of it is left there. */
    static TarBlobs file(
            String address, Path into, Progress progress, Map<String, String> environment, HttpFetch.Patience patience)
            throws IOException {
        try (WebBlobs server = new WebBlobs(checked(address), environment, patience)) {
            Path file = into.resolve("fetched.tar");
            try {
                server.fetch(server.address, answer -> save(answer, file, progress));
                return TarBlobs.open(file);
            } finally {
                Files.deleteIfExists(file);
            }
        }
    }

    /** @return how long it is */
    private static long save(HttpResponse<InputStream> answer, Path file, Progress progress) throws IOException {
        // Without that a server could fill the disk.
        long bytes = answer.headers()
                .firstValueAsLong("Content-Length")
                .orElseThrow(() -> new BadExport("the server does not say how long it is"));
        DiskFailure.requireRoom(answer.uri().toString(), bytes, Objects.requireNonNull(file.getParent()));
        ByteProgress done =
                new ByteProgress(progress, "fetching " + answer.uri().getPath(), bytes);
        byte[] buffer = new byte[BUFFER];
        try (OutputStream out = Files.newOutputStream(file)) { // what an attempt before has left is overwritten
            for (int got = answer.body().read(buffer);
                    got >= 0;
                    got = answer.body().read(buffer)) {
                out.write(buffer, 0, got);
                done.add(got);
            }
        }
        return bytes;
    }

    /** Fails on an address that is not fetched from. */
    static URI checked(String address) {
        URI uri;
        try {
            uri = URI.create(address);
        } catch (IllegalArgumentException e) {
            throw BangerException.invalid("\"" + address + "\" is no address of a web server");
        }
        boolean safe = "https".equals(uri.getScheme())
                || "http".equals(uri.getScheme()) && HttpFetch.isLoopback(uri.getHost());
        if (uri.getHost() == null || uri.getRawQuery() != null || uri.getRawUserInfo() != null || !safe) {
            throw BangerException.invalid(
                    "banger fetches by https://HOST[:PORT]/PATH, and by http from this host alone, not from "
                            + address);
        }
        return uri;
    }

    private interface Reading<T> {
        T from(HttpResponse<InputStream> answer) throws IOException;
    }

    @Override
    public byte[] document(String name, int most) throws IOException {
        byte[] document = fetch(address.resolve(name), answer -> http.document(answer.body(), most));
        if (document.length > most) {
            throw Blobs.tooLong(name, most);
        }
        return document;
    }

    @Override
    public void read(String digest, ByteBuffer into) throws IOException {
        int start = into.position();
        fetch(address.resolve(DIRECTORY + digest), answer -> {
            into.position(start);
            fill(answer.body(), into, digest);
            return into;
        });
    }

    private static void fill(InputStream body, ByteBuffer into, String digest) throws IOException {
        byte[] buffer = new byte[BUFFER];
        for (int got = body.read(buffer); got >= 0; got = body.read(buffer)) {
            if (got > into.remaining()) {
                throw Blobs.otherLength(digest);
            }
            into.put(buffer, 0, got);
        }
        if (into.hasRemaining()) {
            throw Blobs.otherLength(digest);
        }
    }

    /** Tries again what a bad connection may have spoilt. */
    private <T> T fetch(URI from, Reading<T> reading) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                HttpResponse<InputStream> answer = http.get(from, Map.of(), "");
                try (InputStream body = answer.body()) {
                    check(answer.statusCode(), from);
                    return reading.from(answer);
                }
            } catch (IOException e) {
                if (attempt == ATTEMPTS || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
            }
        }
    }

    private void check(int status, URI from) {
        if (status == 404 || status == 410) {
            if (from.equals(address)) {
                throw BangerException.notFound("there is no " + address);
            }
            throw Blobs.missing(address.relativize(from).getPath());
        }
        if (status != 200) {
            throw new BangerException(
                    status == 401 || status == 403 ? ErrorCode.PERMISSION_DENIED : ErrorCode.REGISTRY_FAILED,
                    http.server() + " answered " + status + " to " + from.getPath());
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
