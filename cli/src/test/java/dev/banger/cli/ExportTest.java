package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.ExportPull;
import dev.banger.api.ExportRequest;
import dev.banger.api.ImagePull;
import dev.banger.api.KernelPull;
import dev.banger.api.PublishRequest;
import dev.banger.api.UnpublishRequest;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExportTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped().in(Path.of("/here"));

    @Test
    void printsTheDigestOfWhatWasExported() {
        assertThat(console.run(banger, "image", "export", "app", "app.tar")).isZero();
        assertThat(console.run(banger, "kernel", "export", "--replace", "own", "../dir"))
                .isZero();

        assertThat(console.out()).isEqualTo(("sha256:" + "9".repeat(64) + "\n").repeat(2));
        assertThat(banger.calls())
                .containsExactly(
                        "export to " + new ExportRequest("/here/app.tar", false) + " app",
                        "export kernel to " + new ExportRequest("/dir", true) + " own");
    }

    @Test
    void printsTheCatalogAsItIsConfigured() {
        assertThat(console.run(banger, "image", "publish", "app", "www", "--key", "k", "--new-key"))
                .isZero();
        assertThat(console.run(banger, "kernel", "publish", "own", "/www", "--key", "/k"))
                .isZero();

        assertThat(console.out()).isEqualTo("/catalog#key\n/catalog#key\n");
        assertThat(banger.calls())
                .containsExactly(
                        "publish in " + new PublishRequest("/here/www", "/here/k", true) + " app",
                        "publish kernel in " + new PublishRequest("/www", "/k", false) + " own");
    }

    @Test
    void aCatalogIsSignedOrNothing() {
        assertThat(console.run(banger, "image", "publish", "app", "www")).isEqualTo(2);
        assertThat(console.err()).contains("--key");
    }

    @Test
    void takesOutOfACatalogWhatIsNotThereAnyMoreEither() {
        assertThat(console.run(banger, "image", "unpublish", "gone", "www", "--key", "k", "--prune"))
                .isZero();
        assertThat(console.run(banger, "kernel", "unpublish", "own", "/www", "--key", "/k"))
                .isZero();

        assertThat(console.out()).isEqualTo("/catalog#key\n/catalog#key\n");
        assertThat(banger.calls())
                .containsExactly(
                        "unpublish " + new UnpublishRequest("image", "gone", "/here/www", "/here/k", true),
                        "unpublish " + new UnpublishRequest("kernel", "own", "/www", "/k", false));
    }

    @ParameterizedTest
    @CsvSource({"./a.tar, /here/a.tar", "../dir, /dir", "/abs/dir, /abs/dir", "app, app"})
    void anExportIsPulledFromTheCallersPath(String written, String meant) {
        console.run(banger, "image", "pull", written);

        assertThat(banger.calls()).containsExactly("pull " + ImagePull.of(meant));
    }

    @Test
    void aNameIsLookedForInTheCatalogThatIsSaid() {
        console.run(banger, "image", "pull", "--catalog", "/c#ed25519:x", "app");

        assertThat(banger.calls())
                .containsExactly("pull " + new ImagePull("app", null, false, false, null, "/c#ed25519:x"));
    }

    @Test
    void aKernelIsPulledByItsNameOrFromItsPlace() {
        console.run(banger, "kernel", "pull", "own");
        console.run(banger, "kernel", "pull", "--name", "mine", "./own.tar");

        assertThat(banger.calls())
                .containsExactly(
                        "pull " + KernelPull.usual("own"), "pull " + new ExportPull("/here/own.tar", "mine", false));
        assertThat(console.run(banger, "kernel", "pull", "--suite", "trixie", "./own.tar"))
                .isEqualTo(2);
    }

    @Test
    void whatCanBeHadIsListedWithItsCatalog() {
        assertThat(console.run(banger, "image", "ls", "--available")).isZero();
        assertThat(console.out())
                .contains("CATALOG")
                .contains("offered")
                .contains("/catalog\n")
                .contains("300 MiB");

        console.run(banger, "image", "ls", "--available", "-q");
        assertThat(console.out()).endsWith("offered\n");
        console.run(banger, "image", "ls", "--available", "--json", "--catalog", "/c#k");
        assertThat(console.out()).contains("\"manifest\"");
        assertThat(banger.calls()).containsExactly("available in null", "available in null", "available in /c#k");
    }
}
