package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class DurationsTest {
    private final Durations durations = new Durations();

    @ParameterizedTest
    @CsvSource({"0, 0s", "45, 45s", "90s, 90s", "600, 10m", "10m, 10m", "61m, 61m", "7200s, 2h", "24h, 1d", "25h, 25h"})
    void isShownAsTheGreatestUnitThatRoundsNothing(String given, String shown) {
        assertThat(Durations.show(durations.convert(given))).isEqualTo(shown);
        assertThat(durations.convert(shown)).isEqualTo(durations.convert(given));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "s", "-1", "1.5h", "10 m", "1w", "9999999999"})
    void whatIsNoDurationIsRefused(String text) {
        assertThatThrownBy(() -> durations.convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("such as 30s");
    }
}
