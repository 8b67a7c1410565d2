package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Images of a Dockerfile, by a builder of this host and by the one in a VM. */
@Order(38)
class DockerfileTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("dockerfile");

    private static final Duration LONG = Duration.ofMinutes(8);

    private final Banger banger = HOME.banger();
    private final Path context = HOME.path().resolve("app");

    @BeforeAll
    void aContext() throws IOException {
        Files.createDirectories(context);
        Path busybox = Stream.of("/bin/busybox", "/usr/bin/busybox")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError("busybox-static is not installed"));
        Files.copy(busybox, context.resolve("busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    }

    @AfterEach
    void nothingIsLeft() {
        HOME.assertNoVmIsLeft();
        try (Stream<Path> left = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            assertThat(left.map(each -> String.valueOf(each.getFileName())))
                    .noneMatch(name -> name.startsWith("banger-build"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The builder keeps what it built last, as it does for its user; this one's is the test's. */
    @AfterAll
    void theBuilderKeepsNothing() {
        Call.program("buildah", "rmi", "localhost/banger-build").run();
    }

    private Path dockerfile(String name, String text) throws IOException {
        return Files.writeString(HOME.path().resolve(name), text);
    }

    private Outcome build(Path dockerfile, String with, String... more) {
        String[] words = {"image", "build", "-f", dockerfile.toString(), context.toString(), "--with", with};
        String[] all = Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new);
        return banger.call(all).within(LONG).run();
    }

    @Test
    void theBuilderOfThisHostBuildsIt() throws IOException {
        Path file = dockerfile("first", """
                FROM scratch
                ARG WHO=nobody
                COPY busybox /bin/sh
                ENV WHO=$WHO
                ENTRYPOINT ["/bin/sh", "-c", "echo $WHO"]
                """);
        Outcome built = build(file, "buildah", "--build-arg", "WHO=me");
        assertThat(built.expect(0).out()).as("all else goes to stderr").isEqualTo("app\n");

        assertThat(banger.ok("vm", "run", "--rm", "-q", "--image", "app").out()).isEqualTo("me\n");
        banger.ok("image", "delete", "app");
    }

    /** The VM that builds is one of Debian with buildah in it, which the first such build makes. */
    @Test
    void aVmBuildsItWhereTheHostHasNoBuilder() throws IOException {
        Path file = dockerfile("second", """
                FROM scratch AS base
                COPY busybox /bin/sh
                RUN ["/bin/sh", "-c", "umask 0; echo made >/made"]
                ENTRYPOINT ["/bin/sh", "-c", "read -r line </made; echo $line"]
                FROM base
                RUN ["/bin/sh", "-c", "exit 3"]
                """);
        Outcome failed = build(file, "vm", "--name", "whole");
        failed.expect(125);
        assertThat(failed.stderr()).contains("STEP ", "the build failed", "no image was made");
        assertThat(banger.ok("image", "ls", "-q").lines()).doesNotContain("whole");

        build(file, "vm", "--name", "base", "--target", "base").expect(0);
        assertThat(banger.ok("vm", "run", "--rm", "-q", "--image", "base").out())
                .isEqualTo("made\n");
        banger.ok("image", "delete", "base");
    }

    @Test
    void whatCannotBeIsRefusedBeforeTheWork() throws IOException {
        Path file = dockerfile("third", "FROM scratch\n");
        assertThat(build(file, "nobody").expect(2).stderr()).contains("nobody", "buildah, podman, docker, vm");
        assertThat(build(file, "vm", "--name", "A B").expect(2).stderr()).contains("name");
        assertThat(build(context.resolve("nosuch"), "vm").expect(125).stderr()).contains("nosuch");
        assertThat(build(file, "podman").expect(125).stderr()).contains("podman", "--with vm");
    }
}
