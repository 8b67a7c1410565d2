package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.KernelBuild;
import dev.banger.api.KernelImport;
import dev.banger.api.KernelPull;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class KernelTest {
    private final ScriptedBanger banger = new ScriptedBanger();
    private final ScriptedConsole console = ScriptedConsole.piped();

    @Test
    void aVersionOrASuiteIsAKernelOfItsOwn() {
        assertThat(console.run(banger, "kernel", "pull", "debian", "--version", "6.12.9+deb12"))
                .isZero();
        assertThat(console.run(banger, "kernel", "pull", "--suite", "trixie", "--refresh"))
                .isZero();
        assertThat(console.run(banger, "kernel", "pull")).isZero();

        assertThat(console.out()).isEqualTo("debian-6.12.9-deb12\ndebian-trixie\ndebian\n");
        assertThat(banger.calls())
                .containsExactly(
                        "pull " + new KernelPull("debian", null, null, "6.12.9+deb12", false),
                        "pull " + new KernelPull("debian", null, "trixie", null, true),
                        "pull " + KernelPull.usual("debian"));
    }

    @Test
    void whatCouldBePulledIsListed() {
        assertThat(console.run(banger, "kernel", "ls", "--available", "--suite", "bookworm"))
                .isZero();

        assertThat(console.out()).containsPattern("6.1.0-57-cloud-amd64 +6.1.192-3 +24.8 MiB +usual");
        assertThat(banger.calls()).containsExactly("kernel versions bookworm");
        assertThat(console.run(banger, "kernel", "ls", "--suite", "bookworm")).isEqualTo(2);
        assertThat(console.err()).contains("--available");
    }

    @Test
    void oneIsBuiltWithTheCallersConfiguration() {
        assertThat(console.run(banger, "kernel", "build")).isZero();
        assertThat(console.in(Path.of("/here")).run(banger, "kernel", "build", "--name", "x", "--config", "more"))
                .isZero();

        assertThat(console.out()).isEqualTo("sandbox\nx\n");
        assertThat(banger.calls())
                .containsExactly(
                        "build " + new KernelBuild("sandbox", null, null, false),
                        "build " + new KernelBuild("x", null, "/here/more", false));
    }

    @Test
    void oneIsImportedFromTheCallersDirectoryAndCalledLikeIt() {
        assertThat(console.in(Path.of("/here")).run(banger, "kernel", "import", "--from", "../Mine"))
                .isZero();
        assertThat(console.run(banger, "kernel", "import", "--from", "/", "--name", "hosts", "--replace"))
                .isZero();

        assertThat(console.out()).isEqualTo("mine\nhosts\n");
        assertThat(banger.calls())
                .containsExactly(
                        "import " + new KernelImport("mine", "/Mine", false),
                        "import " + new KernelImport("hosts", "/", true));
        assertThat(console.run(banger, "kernel", "import", "--from", "/")).isEqualTo(2);
        assertThat(console.err()).contains("--name");
    }
}
