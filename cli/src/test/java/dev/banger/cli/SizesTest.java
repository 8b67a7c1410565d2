package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.PublishedPort;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

/** Sizes (P74) and ports as people write them. */
class SizesTest {
    private static final String TOO_LARGE = "8388608T";

    @ParameterizedTest
    @CsvSource({
        "512, 536870912",
        "512M, 536870912",
        "512m, 536870912",
        "512MB, 536870912",
        "512MiB, 536870912",
        "512mib, 536870912",
        "4G, 4294967296",
        "4GB, 4294967296",
        "4GiB, 4294967296",
        "4 GiB, 4294967296",
        "' 4G ', 4294967296",
        "1.5g, 1610612736",
        "0.5G, 536870912",
        "1T, 1099511627776",
        "1024K, 1048576",
        "1048576B, 1048576",
        "0, 0"
    })
    void aSizeIsUnderstood(String text, long bytes) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "G",
                "-1",
                "4X",
                "4GG",
                "4 G B",
                "1e3",
                "1,5G",
                "0x10",
                "99999999999999",
                TOO_LARGE,
                "4G 5",
                "٤G"
            })
    void whatIsNoSizeIsRefused(String text) {
        assertThatThrownBy(() -> Sizes.parse(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1 KiB",
        "1536, 1.5 KiB",
        "536870912, 512 MiB",
        "8589934592, 8 GiB",
        "1288490189, 1.2 GiB",
        "1099511627776, 1 TiB"
    })
    void aSizeIsShownInTheUnitThatFits(long bytes, String shown) {
        assertThat(Sizes.show(bytes)).isEqualTo(shown);
    }

    @ParameterizedTest
    @CsvSource({"80, 80, 80", "8080:80, 8080, 80", "1:65535, 1, 65535"})
    void aPortIsUnderstood(String text, int host, int guest) {
        assertThat(new Ports.Converter().convert(text)).isEqualTo(PublishedPort.ofVm(host, guest));
    }

    @Test
    void aPortMayHaveAnAddress() {
        assertThat(new Ports.Converter().convert("0.0.0.0:8080:80")).isEqualTo(new PublishedPort("0.0.0.0", 8080, 80));
        assertThat(Ports.show(List.of(new PublishedPort("192.0.2.1", 8080, 80), PublishedPort.ofVm(1, 2))))
                .isEqualTo("192.0.2.1:8080:80, 1:2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                "80:",
                ":80",
                "a:b",
                "1:2:3",
                "0:80",
                "80:65536",
                "-1:80",
                "80/udp",
                "localhost:80:80",
                "1.2.3.256:80:80",
                "1.2.3.4:80",
                "::1:80:80"
            })
    void whatIsNoPortIsRefused(String text) {
        assertThatThrownBy(() -> new Ports.Converter().convert(text)).isInstanceOf(TypeConversionException.class);
    }
}
