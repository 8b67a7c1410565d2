package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DebianPackagesTest {
    @Test
    void whatSystemdOnlyRecommendsIsThere_P20() {
        assertThat(DebianPackages.with(List.of())).contains("systemd", "udev", "dbus");
    }

    @Test
    void requestedPackagesAreAddedOnce() {
        assertThat(DebianPackages.with(List.of("jq", "postgresql-15", "libstdc++6:amd64", "golang/bookworm-backports")))
                .containsOnlyOnce("jq")
                .contains("postgresql-15", "libstdc++6:amd64", "golang/bookworm-backports");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a,b", "-o", "?essential", "Upper", "a b", "../a"})
    void whatIsNoPackagesNameIsRefused(String name) {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> DebianPackages.with(List.of(name)))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
    }
}
