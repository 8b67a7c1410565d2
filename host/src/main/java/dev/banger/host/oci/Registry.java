package dev.banger.host.oci;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.http.HttpFetch;
import dev.banger.host.oci.Documents.Token;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One repository of a registry, by the OCI distribution specification. Speaks https; plain http to this host alone, or where
 * that was asked for. What it knows of a login goes to the registry and to the token server it names, and nowhere that either
 * redirects to. Thread-safe.
 */
final class Registry implements AutoCloseable {
    private static final String MANIFESTS = String.join(
            ", ",
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v2+json");
    private static final int BUSY = 2;
    private static final long BUSY_SECONDS = 5;
    private static final Pattern PARAMETER = Pattern.compile("([a-zA-Z_]+)=\"([^\"]*)\"");

    /** A blob from some byte on; a registry may begin at 0 whatever it was asked for. */
    record Part(InputStream in, long from) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    private final Reference reference;
    private final URI base;
    private final Credentials credentials;
    private final HttpFetch http;
    /** The Authorization that the registry last accepted; empty: none was asked for. */
    private volatile String authorization = "";

    /** {@code http}: made for its address. */
    Registry(Reference reference, boolean plainHttp, Credentials credentials, Function<URI, HttpFetch> http) {
        this.reference = reference;
        this.credentials = credentials;
        String host = reference.location();
        boolean plain =
                plainHttp || HttpFetch.isLoopback(URI.create("x://" + host).getHost());
        base = URI.create((plain ? "http://" : "https://") + host + "/v2/" + reference.repository() + "/");
        this.http = http.apply(base);
    }

    /** A manifest or index, by tag or digest. */
    byte[] manifest(String which) throws IOException {
        try (InputStream in = get(base.resolve("manifests/" + which), Map.of("Accept", MANIFESTS))
                .body()) {
            return document(in);
        }
    }

    byte[] document(Digest digest) throws IOException {
        try (InputStream in = get(base.resolve("blobs/" + digest), Map.of()).body()) {
            return document(in);
        }
    }

    Part blob(Digest digest, long from) throws IOException {
        HttpResponse<InputStream> answer =
                get(base.resolve("blobs/" + digest), from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-"));
        if (answer.statusCode() != 206) {
            return new Part(answer.body(), 0);
        }
        String range = answer.headers().firstValue("Content-Range").orElse("");
        if (!range.startsWith("bytes " + from + "-")) {
            answer.body().close();
            throw new IOException("it answered with another part than was asked for");
        }
        return new Part(answer.body(), from);
    }

    private byte[] document(InputStream in) throws IOException {
        byte[] bytes = http.document(in, Documents.BYTES);
        if (bytes.length > Documents.BYTES) {
            throw new BadArchive("a document of more than " + Documents.BYTES + " bytes");
        }
        return bytes;
    }

    /** An answer of 200 or 206. */
    private HttpResponse<InputStream> get(URI uri, Map<String, String> headers) throws IOException {
        boolean asked = false;
        for (int busy = 0; ; ) {
            String tried = authorization;
            HttpResponse<InputStream> answer = http.get(uri, headers, tried);
            int status = answer.statusCode();
            if (status == 200 || status == 206) {
                return answer;
            }
            answer.body().close();
            if (status == 401 && !asked) {
                asked = true;
                authorize(answer, tried);
            } else if (status == 429 && busy < BUSY) {
                busy++;
                pause(answer.headers().firstValueAsLong("Retry-After"));
            } else {
                throw refusal(uri, status);
            }
        }
    }

    private BangerException refusal(URI uri, int status) {
        String what = reference.location() + " answered " + status + " to " + uri.getPath();
        return switch (status) {
            case 401, 403 ->
                new BangerException(
                        ErrorCode.PERMISSION_DENIED,
                        "you may not read " + reference + ", or there is no such image (" + what
                                + "); log in with \"docker login\"" + " or \"podman login\"");
            case 404 -> BangerException.notFound("there is no image " + reference + " (" + what + ")");
            default -> new BangerException(ErrorCode.REGISTRY_FAILED, what);
        };
    }

    private static void pause(OptionalLong seconds) {
        try {
            Thread.sleep(Duration.ofSeconds(Math.clamp(seconds.orElse(1), 1, BUSY_SECONDS)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for a busy registry", e);
        }
    }

    /** Of several threads that were refused one gets the token. */
    private synchronized void authorize(HttpResponse<InputStream> refused, String tried) throws IOException {
        if (!tried.equals(authorization)) {
            return;
        }
        List<String> challenges = refused.headers().allValues("WWW-Authenticate");
        Optional<Credentials.Given> login = credentials.find(reference.location(), reference.repository());
        for (String challenge : challenges) {
            String scheme = challenge.strip().split(" ", 2)[0].toLowerCase(Locale.ROOT);
            if (scheme.equals("bearer")) {
                authorization = "Bearer " + token(parameters(challenge), login);
                return;
            }
            if (scheme.equals("basic") && login.isPresent() && !login.get().refresh()) {
                authorization = login.get().basic();
                return;
            }
        }
        throw refusal(refused.uri(), 401);
    }

    private static Map<String, String> parameters(String challenge) {
        Map<String, String> parameters = new HashMap<>();
        Matcher matcher = PARAMETER.matcher(challenge);
        while (matcher.find()) {
            parameters.putIfAbsent(matcher.group(1).toLowerCase(Locale.ROOT), matcher.group(2));
        }
        return parameters;
    }

    private String token(Map<String, String> challenge, Optional<Credentials.Given> login) throws IOException {
        URI realm = http.checked(base, challenge.getOrDefault("realm", ""), "asks to log in");
        String scope = "repository:" + reference.repository() + ":pull";
        String query = "service=" + encoded(challenge.getOrDefault("service", "")) + "&scope=" + encoded(scope);
        HttpRequest.Builder request;
        if (login.isPresent() && login.get().refresh()) {
            request = http.request(realm, Map.of("Content-Type", "application/x-www-form-urlencoded"))
                    .POST(HttpRequest.BodyPublishers.ofString("grant_type=refresh_token&client_id=banger&" + query
                            + "&refresh_token=" + encoded(login.get().secret())));
        } else {
            String mark = realm.getRawQuery() == null ? "?" : "&";
            request = http.request(
                    URI.create(realm + mark + query),
                    login.map(given -> Map.of("Authorization", given.basic())).orElse(Map.of()));
        }
        HttpResponse<InputStream> answer = http.send(request.build());
        try (InputStream in = answer.body()) {
            if (answer.statusCode() != 200) {
                throw refusal(realm, answer.statusCode() == 404 ? 401 : answer.statusCode());
            }
            Token token = Documents.parse(Documents.TOKEN, document(in), "a token");
            String value = token.token() == null || token.token().isEmpty() ? token.accessToken() : token.token();
            if (value == null || !value.matches("[\\x21-\\x7E]{1,16384}")) {
                throw new BadArchive("a token that is none");
            }
            return value;
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        http.close();
    }
}
