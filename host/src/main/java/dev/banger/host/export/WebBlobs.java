package dev.banger.host.export;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.http.HttpFetch;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.Map;

/** Files on a web server, which needs to be able to nothing but GET. */
final class WebBlobs implements Blobs {
    private static final int ATTEMPTS = 3;
    private static final int BUFFER = 64 * 1024;

    private final URI directory;
    private final HttpFetch http;

    /** {@code address}: of the directory; https, or plain http with this host alone. */
    WebBlobs(String address, Map<String, String> environment, HttpFetch.Patience patience) {
        directory = checked(address);
        http = new HttpFetch(directory, patience, environment);
    }

    /** Fails on an address that is not fetched from. */
    static URI checked(String address) {
        URI uri;
        try {
            uri = URI.create(address.endsWith("/") ? address : address + "/");
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
        T from(InputStream body) throws IOException;
    }

    @Override
    public byte[] document(String name, int most) throws IOException {
        byte[] document = fetch(name, body -> http.document(body, most));
        if (document.length > most) {
            throw Blobs.tooLong(name, most);
        }
        return document;
    }

    @Override
    public void read(String digest, ByteBuffer into) throws IOException {
        int start = into.position();
        fetch(DIRECTORY + digest, body -> {
            into.position(start);
            fill(body, into, digest);
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
    private <T> T fetch(String name, Reading<T> reading) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                HttpResponse<InputStream> answer = http.get(directory.resolve(name), Map.of(), "");
                try (InputStream body = answer.body()) {
                    check(answer.statusCode(), name);
                    return reading.from(body);
                }
            } catch (IOException e) {
                if (attempt == ATTEMPTS || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
            }
        }
    }

    private void check(int status, String name) {
        if (status == 404 || status == 410) {
            throw Blobs.missing(name);
        }
        if (status != 200) {
            throw new BangerException(
                    status == 401 || status == 403 ? ErrorCode.PERMISSION_DENIED : ErrorCode.REGISTRY_FAILED,
                    http.server() + " answered " + status + " to "
                            + directory.resolve(name).getPath());
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
