package dev.banger.host.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever an image has in it, nothing of the host is touched, and it comes to an end soon (A8, A9). */
class HostileArchivesTest {
    private static final Set<ErrorCode> REFUSALS =
            Set.of(ErrorCode.DATA_CORRUPT, ErrorCode.RESOURCE_EXHAUSTED, ErrorCode.NOT_FOUND);

    @TempDir
    static Path host;

    @TempDir
    Path directory;

    @BeforeAll
    static void aCanary() throws IOException {
        Path canary = Files.createDirectories(host.resolve("canary"));
        Files.writeString(canary.resolve("secret"), "of the host");
        Files.createSymbolicLink(canary.resolve("link"), Path.of("secret"));
        Files.createDirectory(canary.resolve("sub"));
    }

    static Stream<HostileArchives.Case> cases() {
        return HostileArchives.all(host.resolve("canary")).stream();
    }

    private static TreeMap<String, String> hostTree() throws IOException {
        TreeMap<String, String> tree = new TreeMap<>();
        try (Stream<Path> files = Files.walk(host)) {
            for (Path file : files.toList()) {
                String facts = Files.readAttributes(
                                file, "unix:mode,uid,gid,nlink,ino,size,lastModifiedTime", LinkOption.NOFOLLOW_LINKS)
                        .toString();
                tree.put(file.toString(), Files.isRegularFile(file) ? facts + Files.readString(file) : facts);
            }
        }
        return tree;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isRefusedOrContained_A8_A9(HostileArchives.Case hostile) throws IOException {
        String reference = hostile.source().writeTo(directory);
        var before = hostTree();
        Puller puller = new Puller(directory);
        long begun = System.nanoTime();

        switch (hostile.fate()) {
            case REFUSED ->
                assertThatExceptionOfType(BangerException.class)
                        .isThrownBy(() -> puller.pull(reference))
                        .satisfies(e -> assertThat(e.code()).as(e.getMessage()).isIn(REFUSALS))
                        .satisfies(e -> assertThat(e.getMessage()).doesNotContainPattern("\\p{Cntrl}"));
            case CONTAINED -> puller.pull(reference);
        }

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
        assertThat(hostTree()).isEqualTo(before);
    }

    @Test
    void thereAreEnoughOfThem() {
        assertThat(cases().map(HostileArchives.Case::name).distinct()).hasSizeGreaterThan(100);
    }
}
