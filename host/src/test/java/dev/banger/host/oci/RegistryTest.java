package dev.banger.host.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.CachedLayer;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pulls from a registry that behaves, and from one that does not. */
@Timeout(value = 10, unit = TimeUnit.SECONDS)
class RegistryTest {
    private static final String LOGIN = "{\"auths\":{\"HOST\":{\"auth\":\"dXNlcjpzZWNyZXQ=\"}}}"; // user:secret
    private static final String BASIC = "Basic dXNlcjpzZWNyZXQ=";

    @TempDir
    Path directory;

    private EvilRegistry registry;
    private Puller puller;
    private LayoutBuilder layout;
    private String reference;
    private byte[] blob;

    @BeforeEach
    void aRegistryWithAnImage() throws IOException {
        registry = new EvilRegistry();
        puller = new Puller(directory);
        byte[] content = new byte[200_000];
        new Random(1).nextBytes(content);
        byte[] tar = new TarBytes()
                .add(TarBytes.entry("file", '0').data(content))
                .file("name", "app")
                .done();
        blob = LayoutBuilder.gzip(tar);
        layout = new LayoutBuilder().layer(blob, tar);
        reference = registry.serve(layout);
    }

    @AfterEach
    void noRegistry() {
        registry.close();
    }

    private String layerPath() {
        return "/v2/team/app/blobs/" + LayoutBuilder.digest(blob);
    }

    private BangerException failure() {
        return assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> puller.pull(reference))
                .actual();
    }

    private void assertPulled() {
        assertThat(puller.debugfs("cat /name")).isEqualTo("app");
    }

    @Test
    void aLayerIsFetchedOnce() throws Exception {
        puller.pull(reference);
        puller.pull(reference);

        assertPulled();
        assertThat(registry.requests)
                .filteredOn(request -> request.contains(layerPath()))
                .hasSize(1);
        assertThat(puller.registry.cached())
                .singleElement()
                .satisfies(layer -> assertThat(layer.digest()).isEqualTo(LayoutBuilder.digest(blob)))
                .satisfies(layer -> assertThat(layer.bytes()).isEqualTo(blob.length));
        List<CachedLayer> pruned = puller.registry.prune();
        assertThat(pruned).hasSize(1);
        assertThat(puller.registry.cached()).isEmpty();
    }

    @Test
    void aDigestIsPulledAndComparedInPlaceOfATag() throws Exception {
        String manifest = layout.manifest();
        String digest = LayoutBuilder.digest(manifest.getBytes(StandardCharsets.UTF_8));

        puller.pull(registry.host() + "/team/app@" + digest);

        assertPulled();
        registry.document("/v2/team/app/manifests/" + digest, manifest + " ");
        reference = registry.host() + "/team/app:1@" + digest;
        assertThat(failure())
                .hasMessageContaining("digest")
                .matches(e -> ((BangerException) e).code() == ErrorCode.DATA_CORRUPT);
    }

    @Test
    void aLayerThatIsCutGoesOnWhereItWas() throws Exception {
        AtomicInteger cuts = new AtomicInteger();
        registry.twist((exchange, path) -> {
            if (!path.equals(layerPath()) || cuts.incrementAndGet() > 2) {
                return false;
            }
            int from = exchange.getRequestHeaders().containsKey("Range") ? 60_000 : 0;
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes " + from + "-" + (blob.length - 1) + "/" + blob.length);
            exchange.sendResponseHeaders(from == 0 ? 200 : 206, blob.length - from);
            exchange.getResponseBody().write(blob, from, 60_000);
            exchange.getResponseBody().flush();
            return true; // closed before its end
        });

        puller.pull(reference);

        assertPulled();
        assertThat(registry.requests)
                .filteredOn(request -> request.contains(layerPath()))
                .containsExactly(
                        "GET " + layerPath(),
                        "GET " + layerPath() + " bytes=60000-",
                        "GET " + layerPath() + " bytes=120000-");
    }

    @Test
    void aPullGoesOnWithWhatAnEarlierOneLeft() throws Exception {
        Files.createDirectories(puller.cache);
        Files.write(puller.cache.resolve(LayoutBuilder.digest(blob).substring(7) + ".part"), Arrays.copyOf(blob, 1000));

        puller.pull(reference);

        assertPulled();
        assertThat(registry.requests).contains("GET " + layerPath() + " bytes=1000-");
    }

    @Test
    void aRegistryWithoutRangesSendsItAllAgain() throws Exception {
        Files.createDirectories(puller.cache);
        Files.write(puller.cache.resolve(LayoutBuilder.digest(blob).substring(7) + ".part"), Arrays.copyOf(blob, 1000));
        registry.twist((exchange, path) -> {
            if (!path.equals(layerPath())) {
                return false;
            }
            EvilRegistry.send(exchange, 200, blob);
            return true;
        });

        puller.pull(reference);

        assertPulled();
    }

    @Test
    void aDamagedPartDoesNotStandInTheWayForEver() throws Exception {
        Files.createDirectories(puller.cache);
        Files.write(puller.cache.resolve(LayoutBuilder.digest(blob).substring(7) + ".part"), new byte[1000]);

        assertThat(failure().code()).isEqualTo(ErrorCode.DATA_CORRUPT);
        puller.pull(reference);

        assertPulled();
    }

    @Test
    void aLayerThatWasDamagedInTheCacheIsFetchedAgainNextTime() throws Exception {
        puller.pull(reference);
        Path cached = puller.cache.resolve(LayoutBuilder.digest(blob).substring(7));
        byte[] damaged = Files.readAllBytes(cached);
        damaged[damaged.length / 2] ^= 1;
        Files.write(cached, damaged);

        assertThat(failure().code()).isEqualTo(ErrorCode.DATA_CORRUPT);
        puller.pull(reference);

        assertPulled();
    }

    @ParameterizedTest
    @ValueSource(strings = {"flipped", "longer", "shorter", "empty"})
    void aLayerThatIsNotWhatTheManifestSaysIsRefusedAndNotKept(String how) {
        byte[] wrong = switch (how) {
            case "flipped" -> blob.clone();
            case "longer" -> Arrays.copyOf(blob, blob.length + 1_000_000);
            case "shorter" -> Arrays.copyOf(blob, blob.length - 1);
            default -> new byte[0];
        };
        if (how.equals("flipped")) {
            wrong[500] ^= 1;
        }
        registry.twist((exchange, path) -> {
            if (!path.equals(layerPath())) {
                return false;
            }
            EvilRegistry.send(exchange, 200, wrong);
            return true;
        });

        assertThat(failure().code()).isIn(ErrorCode.DATA_CORRUPT, ErrorCode.REGISTRY_FAILED);
        assertThat(puller.registry.cached()).noneMatch(CachedLayer::whole);
    }

    @ParameterizedTest
    @ValueSource(strings = {"headers", "manifest", "layer", "drops"})
    void aStallEndsThePull(String where) {
        registry.twist((exchange, path) -> {
            switch (where) {
                case "headers" -> registry.hang();
                case "manifest" -> registry.stall(exchange, 1000, new byte[10]);
                case "layer" -> {
                    if (!path.equals(layerPath())) {
                        return false;
                    }
                    registry.stall(exchange, blob.length, new byte[0]);
                }
                default -> {
                    exchange.sendResponseHeaders(200, 1000);
                    for (int each = 0; each < 1000; each++) {
                        exchange.getResponseBody().write(' ');
                        exchange.getResponseBody().flush();
                        try {
                            Thread.sleep(50);
                        } catch (InterruptedException e) {
                            return true;
                        }
                    }
                }
            }
            return true;
        });

        assertThat(failure().code()).isEqualTo(ErrorCode.REGISTRY_FAILED);
    }

    @ParameterizedTest
    @ValueSource(ints = {403, 404, 418, 500, 503})
    void aRefusalSaysWhatWasAnswered(int status) {
        registry.twist((exchange, path) -> {
            EvilRegistry.send(exchange, status, new byte[0]);
            return true;
        });

        assertThat(failure()).hasMessageContaining("" + status).hasMessageContaining(registry.host());
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:1", "no-such-host.invalid"})
    void aRegistryThatCannotBeReachedIsNamed(String host) {
        reference = host + "/team/app:1";

        assertThat(failure()).hasMessageContaining(host).hasMessageNotContaining("Exception");
    }

    @Test
    void aBusyRegistryIsAskedAgain() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        registry.twist((exchange, path) -> {
            if (asked.getAndIncrement() > 0) {
                return false;
            }
            exchange.getResponseHeaders().set("Retry-After", "1");
            EvilRegistry.send(exchange, 429, new byte[0]);
            return true;
        });

        puller.pull(reference);

        assertPulled();
    }

    @Test
    void aManifestWithoutEndIsRefused() {
        registry.twist((exchange, path) -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] spaces = new byte[1 << 16];
            Arrays.fill(spaces, (byte) ' ');
            for (int each = 0; each < 10_000; each++) {
                exchange.getResponseBody().write(spaces);
            }
            return true;
        });

        assertThat(failure().code()).isIn(ErrorCode.DATA_CORRUPT, ErrorCode.REGISTRY_FAILED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://127.0.0.1/x", "file:///etc/passwd", "http://user@127.0.0.1/x", "//", "", "jar:file:x"})
    void doesNotGoWhereverItIsSent(String to) {
        registry.twist((exchange, path) -> {
            EvilRegistry.redirect(exchange, to);
            return true;
        });

        assertThat(failure().code()).isEqualTo(ErrorCode.REGISTRY_FAILED);
    }

    @Test
    void redirectsInACircleEnd() {
        registry.twist((exchange, path) -> {
            EvilRegistry.redirect(exchange, path);
            return true;
        });

        assertThat(failure()).hasMessageContaining("redirects again and again");
        assertThat(registry.requests).hasSizeLessThan(10);
    }

    @Test
    void theLoginGoesToTheTokenServerAndTheTokenToTheRegistryAlone() throws Exception {
        login();
        try (EvilRegistry storage = new EvilRegistry()) {
            storage.document("/stored", "");
            storage.twist((exchange, path) -> {
                EvilRegistry.send(exchange, 200, blob);
                return true;
            });
            registry.document("/token", "{\"token\":\"t0ken\"}");
            registry.twist((exchange, path) -> {
                if (path.equals("/token")) {
                    assertThat(exchange.getRequestURI().getQuery())
                            .contains("service=here", "scope=repository:team/app:pull");
                    return false;
                }
                if (!"Bearer t0ken".equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                    exchange.getResponseHeaders()
                            .set(
                                    "WWW-Authenticate",
                                    "Bearer realm=\"http://" + registry.host() + "/token\",service=\"here\"");
                    EvilRegistry.send(exchange, 401, new byte[0]);
                    return true;
                }
                if (path.equals(layerPath())) {
                    EvilRegistry.redirect(exchange, "http://" + storage.host() + "/stored?sig=1");
                    return true;
                }
                return false;
            });

            puller.pull(reference);

            assertPulled();
            assertThat(storage.authorizations).containsExactly("-");
            assertThat(registry.authorizations).containsOnly("-", BASIC, "Bearer t0ken");
            assertThat(registry.requests.get(registry.authorizations.indexOf(BASIC)))
                    .isEqualTo("GET /token");
        }
    }

    @Test
    void aPasswordIsGivenWhereThatIsAskedFor() throws Exception {
        login();
        registry.twist((exchange, path) -> {
            if (BASIC.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                return false;
            }
            exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"x\"");
            EvilRegistry.send(exchange, 401, new byte[0]);
            return true;
        });

        puller.pull(reference);

        assertPulled();
    }

    @Test
    void aRegistryThatIsNeverContentIsAskedOnce() throws Exception {
        login();
        registry.twist((exchange, path) -> {
            exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"x\"");
            EvilRegistry.send(exchange, 401, new byte[0]);
            return true;
        });

        assertThat(failure())
                .matches(e -> ((BangerException) e).code() == ErrorCode.PERMISSION_DENIED)
                .satisfies(e -> assertThat(e.toString()).doesNotContain("secret", "dXNlcjpzZWNyZXQ"));
        assertThat(registry.requests).hasSize(2);
    }

    private void login() throws IOException {
        Path file = Files.createDirectories(directory.resolve(".docker")).resolve("config.json");
        Files.writeString(file, LOGIN.replace("HOST", registry.host()));
    }

    @Test
    void aCredentialHelperIsAsked() throws Exception {
        Path programs = Files.createDirectories(directory.resolve("programs"));
        Path helper = programs.resolve("docker-credential-test");
        Files.writeString(helper, """
                #!/bin/sh
                [ "$1" = get ] && [ "$(cat)" = "%s" ] && echo '{"Username":"user","Secret":"secret"}'
                """.formatted(registry.host()));
        assertThat(helper.toFile().setExecutable(true)).isTrue();
        Path file = Files.createDirectories(directory.resolve(".docker")).resolve("config.json");
        Files.writeString(file, "{\"credsStore\":\"test\"}");
        var environment = Map.of("HOME", directory.toString(), "PATH", programs + ":" + System.getenv("PATH"));
        Credentials credentials = new Credentials(environment, new ProgramRunner(environment));

        assertThat(credentials.find(registry.host(), "team/app"))
                .contains(new Credentials.Given("user", "secret", false));
        assertThat(credentials.find("elsewhere:5000", "team/app")).isEmpty();
    }

    @Test
    void aCancelEndsThePullAtOnceAndKeepsWhatHasCome() throws Exception {
        CountDownLatch stalled = new CountDownLatch(1);
        registry.twist((exchange, path) -> {
            if (!path.equals(layerPath())) {
                return false;
            }
            exchange.sendResponseHeaders(200, blob.length);
            exchange.getResponseBody().write(blob, 0, 50_000);
            exchange.getResponseBody().flush();
            stalled.countDown();
            registry.hang();
            return true;
        });
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread pull = Thread.ofPlatform().start(() -> {
            try {
                puller.pull(reference, Progress.none());
            } catch (BangerException | IOException e) {
                failure.set(e);
            }
        });

        assertThat(stalled.await(5, TimeUnit.SECONDS)).isTrue();
        pull.interrupt();
        pull.join(3000);

        assertThat(pull.isAlive()).isFalse();
        assertThat(failure.get()).isInstanceOf(BangerException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "app",
                "team/app",
                "host.example",
                "host.example/",
                "host.example/UPPER",
                "host.example/a b",
                "host.example/a:",
                "host.example/a@sha256:1",
                "host.example/../a",
                "host.example/a/..",
                "http://host/a",
                "host.example/a:b:c",
                "oci:relative",
                "host.example/a?x=1",
                "host.example/a#b",
                "user@host.example/a"
            })
    void whatIsNoReferenceIsRefused(String text) {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> Reference.parse(text, Optional.empty()))
                .matches(e -> e.code() == ErrorCode.INVALID_ARGUMENT);
    }

    @Test
    void anImageIsCalledAsItsReferenceEnds() {
        assertThat(Reference.parse("host.example:5000/library/Python".toLowerCase() + ":3.12-Slim", Optional.empty())
                        .name())
                .isEqualTo("python-3.12-slim");
        assertThat(Reference.parse("localhost/app", Optional.empty()).name()).isEqualTo("app");
        assertThat(Reference.parse("[::1]:5000/a/b:latest", Optional.empty()).name())
                .isEqualTo("b");
        assertThat(Reference.parse("oci-archive:/x/My Image.tar:v1", Optional.empty())
                        .name())
                .isEqualTo("my-image-v1");
        assertThat(Reference.parse("host.example/a@sha256:" + "0".repeat(64), Optional.empty())
                        .name())
                .isEqualTo("a");
    }

    @ParameterizedTest
    @CsvSource({
        "app, home.example/lib/app:latest",
        "app:3, home.example/lib/app:3",
        "team/app, home.example/lib/team/app:latest",
        "other.example/app, other.example/app:latest",
        "localhost/app, localhost/app:latest"
    })
    void aNameWithoutARegistryIsInTheOneThatIsConfigured(String text, String meant) {
        assertThat(Reference.parse(text, Optional.of("home.example/lib"))).hasToString(meant);
    }
}
