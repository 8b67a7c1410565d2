package dev.banger.host.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImagePull;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pulls through a proxy, which here is the registry itself: whoever asks it for another host is answered all the same. */
@Timeout(value = 10, unit = TimeUnit.SECONDS)
class ProxyTest {
    private static final String ELSEWHERE = "registry.invalid/team/app:1";

    @TempDir
    Path directory;

    private EvilRegistry registry;

    @BeforeEach
    void aRegistryWithAnImage() throws IOException {
        registry = new EvilRegistry();
        byte[] tar = new TarBytes().file("name", "app").done();
        registry.serve(new LayoutBuilder().layer(LayoutBuilder.gzip(tar), tar));
    }

    @AfterEach
    void noRegistry() {
        registry.close();
    }

    private void pull(String reference, Map<String, String> environment) throws IOException {
        Puller puller = new Puller(directory, environment);
        Path staging = Files.createDirectory(directory.resolve("here-" + System.nanoTime()));
        puller.registry.pull(new ImagePull(reference, null, false, true, null, null), staging, Progress.none());
    }

    @Test
    void theProxyOfTheEnvironmentIsAsked() throws IOException {
        pull(ELSEWHERE, Map.of("http_proxy", "http://" + registry.host()));
        pull(ELSEWHERE, Map.of("ALL_PROXY", registry.host(), "no_proxy", "example.org, .example.net"));

        assertThat(registry.requests).contains("GET /v2/team/app/manifests/1");
    }

    @Test
    void thisHostIsReachedDirectly() throws IOException {
        pull(registry.host() + "/team/app:1", Map.of("http_proxy", "http://127.0.0.1:1"));

        assertThat(registry.requests).contains("GET /v2/team/app/manifests/1");
    }

    @Test
    void aProxyThatCannotBeUsedIsNotPassedBy() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> pull(ELSEWHERE, Map.of("http_proxy", "http://user:secret@" + registry.host())))
                .withMessageContaining("http_proxy")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"))
                .matches(e -> e.code() == ErrorCode.PRECONDITION_FAILED);
        assertThat(registry.requests).isEmpty();
    }
}
