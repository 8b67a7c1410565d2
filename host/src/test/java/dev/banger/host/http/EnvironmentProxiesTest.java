package dev.banger.host.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvironmentProxiesTest {
    private static Proxy proxy(String uri, Map<String, String> environment) {
        return new EnvironmentProxies(environment).select(URI.create(uri)).getFirst();
    }

    private static int port(Proxy proxy) {
        return ((InetSocketAddress) proxy.address()).getPort();
    }

    @Test
    void eachSchemeHasItsProxyAndSmallLettersGoFirst() {
        Map<String, String> environment = Map.of(
                "HTTPS_PROXY", "http://127.0.0.1:1",
                "https_proxy", "http://127.0.0.1:2/",
                "HTTP_PROXY", "127.0.0.1:3",
                "all_proxy", "127.0.0.1:4");

        assertThat(port(proxy("https://example.org/", environment))).isEqualTo(2);
        assertThat(port(proxy("http://example.org/", environment))).isEqualTo(3);
        assertThat(port(proxy("https://example.org/", Map.of("all_proxy", "127.0.0.1:4"))))
                .isEqualTo(4);
        assertThat(proxy("https://example.org/", Map.of())).isEqualTo(Proxy.NO_PROXY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"registry.example.org", "example.org", ".example.org", "*.example.org", "a, *", "x,EXAMPLE.ORG"})
    void whatIsExemptIsReachedDirectly(String exempt) {
        Map<String, String> environment = Map.of("https_proxy", "127.0.0.1:1", "no_proxy", exempt);

        assertThat(proxy("https://registry.example.org/", environment)).isEqualTo(Proxy.NO_PROXY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ample.org", "example.com", "org.example", "registry"})
    void nothingElseIs(String exempt) {
        Map<String, String> environment = Map.of("https_proxy", "127.0.0.1:1", "NO_PROXY", exempt);

        assertThat(proxy("https://registry.example.org/", environment)).isNotEqualTo(Proxy.NO_PROXY);
    }

    @ParameterizedTest
    @CsvSource({"http://localhost:5000/", "https://127.1.2.3/", "http://[::1]:80/"})
    void thisHostIsReachedDirectly(String uri) {
        assertThat(proxy(uri, Map.of("all_proxy", "127.0.0.1:1"))).isEqualTo(Proxy.NO_PROXY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "socks5://127.0.0.1:1",
                "https://127.0.0.1:1",
                "http://a:secret@127.0.0.1:1",
                "127.0.0.1",
                "x y:1"
            })
    void aProxyThatBangerCannotSpeakToIsAnError(String value) {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> proxy("https://example.org/", Map.of("https_proxy", value)))
                .withMessageContaining("https_proxy")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    }
}
