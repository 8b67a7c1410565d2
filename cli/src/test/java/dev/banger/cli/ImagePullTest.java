package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.ImagePull;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImagePullTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @Test
    void printsTheNameOfWhatWasPulled() {
        assertThat(console.run(banger, "image", "pull", "--name", "x", "--refresh", "host.example/app:1"))
                .isZero();

        assertThat(console.out()).isEqualTo("pulled\n");
        assertThat(banger.calls())
                .containsExactly("pull " + new ImagePull("host.example/app:1", "x", true, false, null, null));
    }

    @ParameterizedTest
    @CsvSource({
        "oci:dir:1, oci:/here/dir:1",
        "docker-archive:../a.tar, docker-archive:/a.tar",
        "oci-archive:/abs/a.tar:x, oci-archive:/abs/a.tar:x",
        "localhost:5000/oci:1, localhost:5000/oci:1"
    })
    void aPathIsTheCallersOwn(String written, String meant) {
        assertThat(console.in(Path.of("/here")).run(banger, "image", "pull", written))
                .isZero();

        assertThat(banger.calls()).containsExactly("pull " + ImagePull.of(meant));
    }

    @Test
    void theCacheIsListedAndPruned() {
        assertThat(console.run(banger, "image", "cache", "ls")).isZero();
        assertThat(console.out()).contains("sha256:" + "7".repeat(64)).contains("30");

        assertThat(console.run(banger, "image", "cache", "prune")).isZero();
        assertThat(console.out()).endsWith("sha256:" + "7".repeat(64) + "\n");
        assertThat(console.err()).contains("30").contains("freed");
    }
}
