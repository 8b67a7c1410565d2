package dev.banger.host.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExportInfo;
import dev.banger.api.ExportRequest;
import dev.banger.export.Content;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.SparseDigest;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Exports of images and kernels, and what happens to them on their way. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class HostExportsTest {
    @TempDir
    Path directory;

    private Samples samples;
    private Content image;

    @BeforeEach
    void anImage() throws IOException {
        samples = new Samples(directory);
        image = samples.image("app", 1);
    }

    private Content fetch(String reference) throws IOException {
        Path staging = samples.staging();
        Content content = samples.exports().fetch(Content.Kind.IMAGE, reference, staging, Progress.none());
        assertThat(Samples.names(staging)).containsExactly("rootfs");
        Path rootfs = staging.resolve("rootfs");
        assertThat(Files.mismatch(rootfs, samples.images.resolve("app/rootfs"))).isEqualTo(-1);
        assertThat(SparseDigest.dataBytes(rootfs)).as("no zeros take up space").isLessThan(13L << 20);
        return content;
    }

    private BangerException refusal(String reference) {
        return assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() ->
                        samples.exports().fetch(Content.Kind.IMAGE, reference, samples.staging(), Progress.none()))
                .actual();
    }

    @ParameterizedTest
    @ValueSource(strings = {"there", "there.tar"})
    void whatIsExportedIsWhatIsFetched(String target) throws IOException {
        ExportInfo exported = samples.export(image, target);

        assertThat(exported.digest()).matches("[0-9a-f]{64}");
        assertThat(exported.bytes()).isBetween(11L << 20, 13L << 20);
        assertThat(fetch(exported.path())).isEqualTo(image);
        assertThat(fetch(exported.path() + "@sha256:" + exported.digest())).isEqualTo(image);
        assertThat(refusal(exported.path() + "@sha256:" + "0".repeat(64)))
                .hasMessageContaining(exported.path())
                .hasMessageContaining("digest");
    }

    @Test
    void aFileIsATarOfTheDirectory() throws IOException {
        ExportInfo exported = samples.export(image, "there.tar");
        Path unpacked = Files.createDirectory(directory.resolve("unpacked"));
        ProgramRunner programs = new ProgramRunner(System.getenv());

        programs.run(Program.of(Duration.ofSeconds(20), "tar", "-C", unpacked.toString(), "-xf", exported.path()));
        fetch(unpacked.toString());

        String again = directory.resolve("again.tar").toString();
        programs.run(Program.of(Duration.ofSeconds(20), "tar", "-C", unpacked.toString(), "-cf", again, "."));
        fetch(again);
    }

    @Test
    void aKernelKeepsItsFiles() throws IOException {
        Content kernel = samples.kernel("small");
        ExportInfo exported = samples.export(kernel, "kernel.tar");
        Path staging = samples.staging();

        Content content = samples.exports().fetch(Content.Kind.KERNEL, exported.path(), staging, Progress.none());

        assertThat(content).isEqualTo(kernel);
        Path published = samples.images.resolve("small");
        List<String> files = Samples.names(published).stream()
                .filter(name -> !name.equals("kernel.json"))
                .toList();
        assertThat(Samples.names(staging)).isEqualTo(files);
        for (String file : files) {
            if (Files.isRegularFile(published.resolve(file))) {
                assertThat(Files.mismatch(staging.resolve(file), published.resolve(file)))
                        .isEqualTo(-1);
            }
        }
        assertThat(refusal(exported.path())).hasMessageContaining("no image, but a kernel");
    }

    @Test
    void onAWebServerItIsKnownByItsDigest() throws IOException {
        ExportInfo exported = samples.export(image, "there");
        try (WebServer server = new WebServer(directory)) {
            String address = server.address("/there");

            fetch(address + "@sha256:" + exported.digest());
            fetch(address + "/@sha256:" + exported.digest());

            assertThat(refusal(address)).hasMessageContaining("@sha256:DIGEST").satisfies(this::isInvalid);
            assertThat(refusal(server.address("/nothing") + "@sha256:" + exported.digest()))
                    .hasMessageContaining("it has no export.json");
            assertThat(refusal("http://192.0.2.1/there@sha256:" + exported.digest()))
                    .hasMessageContaining("https")
                    .satisfies(this::isInvalid);
        }
    }

    @Test
    void aFileOnAWebServerIsFetchedWhole() throws IOException {
        ExportInfo exported = samples.export(image, "there.tar");
        String pin = "@sha256:" + exported.digest();
        byte[] whole = Files.readAllBytes(directory.resolve("there.tar"));
        try (WebServer server = new WebServer(directory)) {
            String address = server.address("/there.tar");

            fetch(address + pin);
            assertThat(server.requests).containsExactly("/there.tar");
            assertThat(refusal(address)).hasMessageContaining("@sha256:DIGEST").satisfies(this::isInvalid);
            assertThat(refusal(address + "@sha256:" + "0".repeat(64))).hasMessageContaining("digest");
            assertThat(refusal(server.address("/nothing.tar") + pin))
                    .hasMessageContaining("there is no " + server.address("/nothing.tar"));

            AtomicInteger cuts = new AtomicInteger();
            server.twist((exchange, path) -> {
                if (cuts.incrementAndGet() > 2) {
                    return false;
                }
                exchange.sendResponseHeaders(200, whole.length);
                exchange.getResponseBody().write(whole, 0, whole.length / 2);
                return true;
            });
            fetch(address + pin);
            assertThat(cuts).as("it was cut twice").hasValue(3);

            server.twist((exchange, path) -> {
                exchange.sendResponseHeaders(200, 0); // in chunks, of which nobody knows how many there are
                exchange.getResponseBody().write(whole);
                return true;
            });
            assertThat(refusal(address + pin)).hasMessageContaining("does not say how long it is");

            server.twist((exchange, path) -> {
                exchange.sendResponseHeaders(200, 1L << 60);
                exchange.getResponseBody().write(whole);
                return true;
            });
            assertThat(refusal(address + pin))
                    .hasMessageContaining("MiB free)")
                    .hasMessageContaining("banger image cache prune")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED));

            server.twist((exchange, path) -> {
                exchange.sendResponseHeaders(200, 512);
                exchange.getResponseBody().write("<html>".repeat(100).getBytes(StandardCharsets.UTF_8), 0, 512);
                return true;
            });
            assertThat(refusal(address + pin))
                    .hasMessageContaining("it is no export")
                    .satisfies(this::isDamage);
        }
    }

    private void isInvalid(Throwable e) {
        assertThat(((BangerException) e).code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
    }

    @Test
    void aPartThatIsCutIsFetchedAgain() throws IOException {
        ExportInfo exported = samples.export(image, "there");
        AtomicInteger cuts = new AtomicInteger();
        try (WebServer server = new WebServer(directory)) {
            server.twist((exchange, path) -> {
                if (!path.contains("/blobs/") || cuts.incrementAndGet() > 2) {
                    return false;
                }
                exchange.sendResponseHeaders(200, 10_000);
                exchange.getResponseBody().write(new byte[5_000]);
                exchange.getResponseBody().flush();
                return true; // closed before its end
            });

            fetch(server.address("/there") + "@sha256:" + exported.digest());
        }
    }

    @Test
    void aServerThatStallsOrFailsIsToldOf() throws IOException {
        ExportInfo exported = samples.export(image, "there");
        try (WebServer server = new WebServer(directory)) {
            String reference = server.address("/there") + "@sha256:" + exported.digest();
            server.twist((exchange, path) -> {
                if (path.contains("/blobs/")) {
                    exchange.sendResponseHeaders(500, -1);
                    return true;
                }
                return false;
            });
            assertThat(refusal(reference)).hasMessageContaining("answered 500");

            server.twist((exchange, path) -> {
                exchange.getResponseHeaders().set("Location", "file:///etc/passwd");
                exchange.sendResponseHeaders(302, -1);
                return true;
            });
            assertThat(refusal(reference)).hasMessageContaining("where banger does not go");
        }
        assertThat(refusal("http://127.0.0.1:1/there@sha256:" + exported.digest()))
                .hasMessageContaining("127.0.0.1:1")
                .matches(e -> ((BangerException) e).code() == ErrorCode.REGISTRY_FAILED);
    }

    @Test
    void damageIsFoundWhereverItIs() throws IOException {
        ExportInfo exported = samples.export(image, "there");
        Path blobs = directory.resolve("there/blobs");
        for (String name : Samples.names(blobs)) {
            Path blob = blobs.resolve(name);
            byte[] whole = Files.readAllBytes(blob);
            byte[] changed = whole.clone();
            changed[whole.length / 2] ^= 1;

            Files.write(blob, changed);
            assertThat(refusal(exported.path())).hasMessageContaining("digest").satisfies(this::isDamage);
            Files.write(blob, Arrays.copyOf(whole, whole.length - 1));
            assertThat(refusal(exported.path())).hasMessageContaining("length").satisfies(this::isDamage);
            Files.delete(blob);
            assertThat(refusal(exported.path()))
                    .hasMessageContaining("it has no blobs/")
                    .satisfies(this::isDamage);
            Files.write(blob, whole);
        }
        fetch(exported.path());
    }

    private void isDamage(Throwable e) {
        assertThat(((BangerException) e).code()).isEqualTo(ErrorCode.DATA_CORRUPT);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 512, 70_000, 5_000_000})
    void aTruncatedFileIsRefused(int length) throws IOException {
        Path file = Path.of(samples.export(image, "there.tar").path());
        try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(length);
        }

        assertThat(refusal(file.toString())).satisfies(this::isDamage);
    }

    @Test
    void anImageThatWasDamagedBeforeIsRefused() throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(samples.images.resolve("app/rootfs").toFile(), "rw")) {
            file.seek(1000);
            file.write(1);
        }

        assertThat(refusal(samples.export(image, "there").path()))
                .hasMessageContaining("damaged before")
                .satisfies(this::isDamage);
    }

    /** Each replaces something in a manifest that is right by something that is not. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"version\":1 | \"version\":2 | version 2",
                "\"kind\":\"image\" | \"kind\":\"\\u001b[2J\" | no image",
                "\"path\":\"rootfs\" | \"path\":\"../rootfs\" | does not belong",
                "\"path\":\"rootfs\" | \"path\":\"/etc/rootfs\" | does not belong",
                "\"path\":\"rootfs\" | \"path\":\"boot/x\" | other files",
                "\"path\":\"rootfs\",\"bytes\":41947136 | \"path\":\"rootfs\",\"bytes\":-1 | a file of -1 bytes",
                "\"path\":\"rootfs\",\"bytes\":41947136 | \"path\":\"rootfs\",\"bytes\":99999999999999999 | a file of",
                "\"path\":\"rootfs\",\"bytes\":41947136 | \"path\":\"rootfs\",\"bytes\":4096 | does not fit",
                "\"virtualBytes\":41947136 | \"virtualBytes\":1 | other files",
                "\"at\":0,\"bytes\":4194304 | \"at\":0,\"bytes\":4194305 | does not fit",
                "\"at\":0,\"bytes\":4194304 | \"at\":0,\"bytes\":4194303 | longer than it says",
                "\"at\":0,\"bytes\":4194304 | \"at\":-4194304,\"bytes\":4194304 | does not fit",
                "\"at\":4194304 | \"at\":0 | does not fit",
                "\"at\":4194304 | \"at\":4194305 | does not fit",
                "\"at\":8388608 | \"at\":9223372036850581504 | does not fit",
                "\"user\":\"app\" | \"user\":\"a\\u0000b\" | cannot have",
                "\"source\":\"a test\" | \"source\":\"a\\u001b[2Jtest\" | cannot have",
                "\"architecture\":\"amd64\" | \"architecture\":\"z80\" | another architecture",
                "\"files\":[ | \"files\":[{}, | does not belong",
                "\"files\" | \"x\":[[[[[[[[[[[[]]]]]]]]]]]],\"files\" | cannot be read",
                "{ | [ | cannot be read"
            })
    void aManifestThatIsNoneIsRefused(String right, String wrong, String message) throws IOException {
        ExportInfo exported = samples.export(image, "there");
        Path file = directory.resolve("there/export.json");
        String manifest = Files.readString(file);
        assertThat(manifest).contains(right);
        int at = manifest.indexOf(right);
        Files.writeString(file, manifest.substring(0, at) + wrong + manifest.substring(at + right.length()));

        assertThat(refusal(exported.path()))
                .hasMessageContaining(message)
                .satisfies(this::isDamage)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\u001b"));
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(each -> each.getFileName().toString())).doesNotContain("rootfs");
        }
    }

    @Test
    void aManifestWithoutEndIsNotRead() throws IOException {
        ExportInfo exported = samples.export(image, "there");
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("there/export.json").toFile(), "rw")) {
            file.setLength(1L << 40);
        }

        assertThat(refusal(exported.path())).hasMessageContaining("export.json has more than");
    }

    @Test
    void whatIsThereStays() throws IOException {
        Path mine = Files.createDirectory(directory.resolve("mine"));
        Files.writeString(mine.resolve("precious"), "mine");
        Path file = Files.writeString(directory.resolve("mine.tar"), "mine");

        for (Path target : List.of(mine, file)) {
            assertThatExceptionOfType(BangerException.class)
                    .isThrownBy(() -> samples.export(image, target.toString()))
                    .matches(e -> e.code() == ErrorCode.ALREADY_EXISTS)
                    .withMessageContaining(target.toString());
        }
        ExportRequest replacing = new ExportRequest(mine.toString(), true);
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() ->
                        samples.exports().export(image, samples.images.resolve("app"), replacing, Progress.none()));
        assertThat(Samples.names(mine)).containsExactly("precious");
        assertThat(file).hasContent("mine");
        assertThat(Samples.names(directory)).noneMatch(name -> name.contains(".tmp"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"there", "there.tar"})
    void anExportIsReplacedWhereThatIsAskedFor(String target) throws IOException {
        samples.export(samples.image("other", 7), target);
        ExportRequest request = new ExportRequest(directory.resolve(target).toString(), true);

        samples.exports().export(image, samples.images.resolve("app"), request, Progress.none());

        fetch(request.path());
        assertThat(Samples.names(directory)).noneMatch(name -> name.contains(".tmp"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"there", "there.tar"})
    void aCancelledExportLeavesNothing(String target) throws IOException {
        Thread.currentThread().interrupt();

        assertThatExceptionOfType(BangerException.class).isThrownBy(() -> samples.export(image, target));

        assertThat(Thread.interrupted()).isTrue();
        assertThat(Samples.names(directory)).noneMatch(name -> name.contains("there"));
    }

    @ParameterizedTest
    @CsvSource({
        "/srv/debian.tar, debian",
        "/srv/Debian 12/, debian-12",
        "https://example.org/images/app@sha256:0000000000000000000000000000000000000000000000000000000000000000, app",
        "/srv/..app.., app"
    })
    void anExportIsCalledAsItsPlaceIs(String reference, String name) {
        assertThat(samples.exports().name(reference)).isEqualTo(name);
    }
}
