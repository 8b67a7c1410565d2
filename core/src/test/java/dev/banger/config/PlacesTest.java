package dev.banger.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlacesTest {
    @Test
    void bangerHomeHoldsEverything() {
        Places places = Places.of(Map.of("BANGER_HOME", "/b", "HOME", "/root", "XDG_STATE_HOME", "/x"));

        assertThat(places.socket()).isEqualTo(Path.of("/b/run/bangerd.sock"));
        assertThat(places.database()).isEqualTo(Path.of("/b/state/banger.db"));
        assertThat(places.images()).isEqualTo(Path.of("/b/cache/images"));
    }

    @Test
    void otherwiseTheXdgDirectoriesDecide() {
        Places places = Places.of(Map.of("HOME", "/home/a", "XDG_RUNTIME_DIR", "/run/user/7", "XDG_CACHE_HOME", "/c"));

        assertThat(places.run()).isEqualTo(Path.of("/run/user/7/banger"));
        assertThat(places.cache()).isEqualTo(Path.of("/c/banger"));
        assertThat(places.state()).isEqualTo(Path.of("/home/a/.local/state/banger"));
    }

    @Test
    void relativeXdgDirectoriesAreIgnoredAsTheSpecificationSays() {
        assertThat(Places.of(Map.of("HOME", "/home/a", "XDG_STATE_HOME", "state"))
                        .state())
                .isEqualTo(Path.of("/home/a/.local/state/banger"));
    }

    @Test
    void withoutARuntimeDirectorySocketsLieBesideTheState() {
        assertThat(Places.of(Map.of("HOME", "/home/a")).run()).isEqualTo(Path.of("/home/a/.local/state/banger/run"));
    }
}
