package dev.banger.host.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.CatalogEntry;
import dev.banger.api.ErrorCode;
import dev.banger.api.PublishInfo;
import dev.banger.api.PublishRequest;
import dev.banger.api.UnpublishInfo;
import dev.banger.api.UnpublishRequest;
import dev.banger.export.Content;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Catalogs: who may write them, and what is believed of them. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class CatalogTest {
    /** RFC 8410, 10.3 and 10.1. */
    private static final String PRIVATE = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";

    private static final String PUBLIC = "ed25519:Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE";

    @TempDir
    Path directory;

    private Samples samples;
    private Content image;
    private Path catalog;

    @BeforeEach
    void anImage() throws IOException {
        samples = new Samples(directory);
        image = samples.image("app", 1);
        catalog = directory.resolve("www/catalog");
        Files.createDirectory(directory.resolve("www"));
    }

    private PublishInfo publish(Content content, String key) {
        PublishRequest request =
                new PublishRequest(catalog.toString(), directory.resolve(key).toString(), true);
        return samples.exports().publish(content, samples.images.resolve(content.name()), request, Progress.none());
    }

    private BangerException refusal(String reference) {
        return assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> samples.exports(reference).available(null))
                .actual();
    }

    private void fetch(HostExports exports, String name) throws IOException {
        Path staging = samples.staging();
        CatalogEntry entry = exports.find(Content.Kind.IMAGE, name, null).orElseThrow();
        Content content = exports.fetch(entry, staging, Progress.none());
        assertThat(Files.mismatch(staging.resolve("rootfs"), samples.images.resolve(name + "/rootfs")))
                .isEqualTo(-1);
        assertThat(content.program()).isEqualTo(Samples.PROGRAM);
    }

    @Test
    void whatIsPublishedIsFoundAndFetched() throws IOException {
        PublishInfo published = publish(image, "key");
        HostExports exports = samples.exports(published.catalog());

        assertThat(published.serial()).isEqualTo(1);
        assertThat(published.catalog()).startsWith(catalog + "#ed25519:");
        assertThat(exports.available(null)).singleElement().satisfies(entry -> {
            assertThat(entry.catalog()).isEqualTo(published.catalog());
            assertThat(entry.kind()).isEqualTo("image");
            assertThat(entry.name()).isEqualTo("app");
            assertThat(entry.digest()).isEqualTo(image.digest());
            assertThat(entry.manifest()).isEqualTo(published.export().digest());
            assertThat(entry.bytes()).isEqualTo(published.export().bytes());
            assertThat(entry.dataBytes()).isEqualTo(image.dataBytes());
        });
        fetch(exports, "app");
        assertThat(exports.find(Content.Kind.IMAGE, "other", null)).isEmpty();
        assertThat(exports.find(Content.Kind.KERNEL, "app", null)).isEmpty();
        assertThat(samples.exports().find(Content.Kind.IMAGE, "app", published.catalog()))
                .isPresent();
    }

    @Test
    void aWebServerIsEnough() throws IOException {
        String key = publish(image, "key").catalog().split("#")[1];
        publish(samples.kernel("small"), "key");
        try (WebServer server = new WebServer(directory.resolve("www"))) {
            HostExports exports = samples.exports(server.address("/catalog") + "#" + key);

            fetch(exports, "app");
            CatalogEntry kernel =
                    exports.find(Content.Kind.KERNEL, "small", null).orElseThrow();
            exports.fetch(kernel, samples.staging(), Progress.none());
        }
    }

    @Test
    void everybodyMayReadACatalogAndNobodyItsKey() throws IOException {
        publish(image, "key");

        for (String name : Samples.names(catalog)) {
            if (!name.equals(".lock")) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(catalog.resolve(name))))
                        .as(name)
                        .isEqualTo(name.equals("blobs") ? "rwxr-xr-x" : "rw-r--r--");
            }
        }
        Path key = directory.resolve("key");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
                .isEqualTo("rw-------");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> publish(image, "key"))
                .withMessageContaining("chmod 600");
    }

    @Test
    void anotherBuildReplacesTheEntryAndSharesWhatIsTheSame() throws IOException {
        publish(image, "key");
        List<String> before = Samples.names(catalog.resolve("blobs"));
        Path published = samples.images.resolve("app");
        Files.delete(published.resolve("rootfs"));
        Files.delete(published.resolve("image.json"));
        Files.delete(published);
        Content newer = samples.image("app", 9);

        PublishInfo again = publish(newer, "key");

        assertThat(again.serial()).isEqualTo(2);
        assertThat(Samples.names(catalog.resolve("blobs"))).containsAll(before);
        assertThat(again.export().files())
                .as("the first two of six parts are the same")
                .isEqualTo(4);
        HostExports exports = samples.exports(again.catalog());
        assertThat(exports.available(null))
                .singleElement()
                .satisfies(entry -> assertThat(entry.digest()).isEqualTo(newer.digest()));
        fetch(exports, "app");
    }

    @Test
    void theFirstCatalogThatHasItDecides() throws IOException {
        PublishInfo first = publish(image, "key");
        catalog = directory.resolve("second");
        publish(image, "key2");
        PublishInfo second = publish(samples.image("other", 3), "key2");
        HostExports exports = samples.exports(first.catalog(), second.catalog());

        assertThat(exports.available(null)).hasSize(3);
        assertThat(exports.find(Content.Kind.IMAGE, "app", null).orElseThrow().catalog())
                .isEqualTo(first.catalog());
        assertThat(exports.find(Content.Kind.IMAGE, "other", null).orElseThrow().catalog())
                .isEqualTo(second.catalog());
    }

    private UnpublishInfo unpublish(String kind, String name, String key, boolean prune) {
        return samples.exports()
                .unpublish(new UnpublishRequest(
                        kind, name, catalog.toString(), directory.resolve(key).toString(), prune));
    }

    private Set<String> blobs() throws IOException {
        try (Stream<Path> blobs = Files.list(catalog.resolve("blobs"))) {
            return blobs.map(blob -> blob.getFileName().toString()).collect(Collectors.toSet());
        }
    }

    @Test
    void whatIsTakenOutIsNotFoundAnyMoreAndItsPartsStay() throws IOException {
        publish(image, "key");
        String reference = publish(samples.kernel("app"), "key").catalog();
        Set<String> before = blobs();

        UnpublishInfo left = unpublish("image", "app", "key", false);

        assertThat(left).isEqualTo(new UnpublishInfo(reference, 3, 1, 0));
        assertThat(samples.exports(reference).available(null))
                .singleElement()
                .matches(entry -> entry.kind().equals("kernel"), "the kernel of that name");
        assertThat(blobs()).isEqualTo(before);
    }

    /** The images share a part. */
    @Test
    void pruningDeletesWhatNothingNeedsAndNothingElse() throws IOException {
        String reference = publish(image, "key").catalog();
        Set<String> needed = blobs();
        publish(samples.image("other", 3), "key");
        publish(samples.image("third", 4), "key");
        unpublish("image", "third", "key", false);
        long all = size(catalog.resolve("blobs"));

        UnpublishInfo left = unpublish("image", "other", "key", true);

        assertThat(blobs()).isEqualTo(needed);
        assertThat(left.prunedBytes()).isPositive().isEqualTo(all - size(catalog.resolve("blobs")));
        fetch(samples.exports(reference), "app");
    }

    private static long size(Path directory) throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    @Test
    void whatCannotBeTakenOutChangesNothing() throws IOException {
        String manifest = publish(image, "key").export().digest();
        publish(samples.image("other", 3), "key");
        byte[] before = Files.readAllBytes(catalog.resolve("catalog.json"));

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> unpublish("image", "third", "key", true))
                .withMessageContaining("has no image \"third\"")
                .matches(e -> e.code() == ErrorCode.NOT_FOUND);
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> unpublish("disk", "app", "key", true))
                .withMessageContaining("neither image nor kernel");
        SigningKey.create(directory.resolve("anothers-key"));
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> unpublish("image", "app", "anothers-key", true))
                .withMessageContaining("use the key");
        Files.writeString(catalog.resolve("blobs/" + manifest), "damaged");
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> unpublish("image", "other", "key", true))
                .withMessageContaining("nothing was changed")
                .matches(e -> e.code() == ErrorCode.DATA_CORRUPT);
        assertThat(catalog.resolve("catalog.json")).hasBinaryContent(before);

        catalog = directory.resolve("nowhere");
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> unpublish("image", "app", "key", true))
                .withMessageContaining("there is no catalog in " + catalog);
        assertThat(catalog).doesNotExist();
    }

    @Test
    void anothersSignatureIsNone() {
        String reference = publish(image, "key").catalog();
        String stranger = catalog + "#" + PUBLIC;

        assertThat(refusal(stranger))
                .hasMessageContaining(catalog.toString())
                .hasMessageContaining("not signed with " + PUBLIC)
                .matches(e -> ((BangerException) e).code() == ErrorCode.DATA_CORRUPT);
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> publish(image, "anothers-key"))
                .withMessageContaining("cannot be changed")
                .withMessageContaining("use the key");
        assertThat(samples.exports(reference).available(null)).hasSize(1);
    }

    @Test
    void everyByteOfACatalogIsSigned() throws IOException {
        String reference = publish(image, "key").catalog();
        Path file = catalog.resolve("catalog.json");
        String envelope = Files.readString(file);
        String payload = envelope.replaceFirst(".*\"payload\":\"([^\"]*)\".*", "$1");
        String decoded = new String(Base64.getDecoder().decode(payload), StandardCharsets.UTF_8);
        String forged = Base64.getEncoder()
                .encodeToString(decoded.replace("\"app\"", "\"apq\"").getBytes(StandardCharsets.UTF_8));

        Files.writeString(file, envelope.replace(payload, forged));
        assertThat(refusal(reference)).hasMessageContaining("not signed with");
        Files.writeString(file, envelope.replaceFirst("\"signatures\":\\[.*]", "\"signatures\":[]"));
        assertThat(refusal(reference)).hasMessageContaining("it is not signed");
        Files.writeString(file, envelope.replaceFirst("\"sig\":\"..", "\"sig\":\"AA"));
        assertThat(refusal(reference)).hasMessageContaining("not signed with");
        Files.writeString(file, envelope.replace("vnd.banger.catalog", "vnd.banger.other"));
        assertThat(refusal(reference)).hasMessageContaining("it is no catalog");
        for (String garbage : List.of("", "{", "[]", "{\"payload\":3}", "[".repeat(100_000), envelope.substring(1))) {
            Files.writeString(file, garbage);
            assertThat(refusal(reference)).hasMessageMatching("(?s).*it (cannot be read|is no catalog).*");
        }
        Files.delete(file);
        assertThat(refusal(reference)).hasMessageContaining("it has no catalog.json");
        Files.writeString(file, envelope);
        assertThat(samples.exports(reference).available(null)).hasSize(1);
    }

    @Test
    void anOldCatalogIsNotTakenForTheCurrentOne() throws IOException {
        String reference = publish(image, "key").catalog();
        Path file = catalog.resolve("catalog.json");
        byte[] first = Files.readAllBytes(file);
        publish(samples.image("other", 3), "key");
        byte[] second = Files.readAllBytes(file);
        assertThat(samples.exports(reference).available(null)).hasSize(2);

        Files.write(file, first);
        assertThat(refusal(reference)).hasMessageContaining("gone back").hasMessageContaining("serial is 1");

        publish(samples.image("third", 4), "key"); // a second one with serial 2
        assertThat(refusal(reference)).hasMessageContaining("gone back").hasMessageContaining("serial is 2");

        Files.write(file, second);
        assertThat(samples.exports(reference).available(null)).hasSize(2);
        publish(samples.image("fourth", 5), "key");
        assertThat(samples.exports(reference).available(null)).hasSize(3);
    }

    @Test
    void whatACatalogNamesIsWhatIsUsed() throws IOException {
        PublishInfo app = publish(image, "key");
        PublishInfo other = publish(samples.image("other", 3), "key");
        Path blobs = catalog.resolve("blobs");
        Files.write(
                blobs.resolve(app.export().digest()),
                Files.readAllBytes(blobs.resolve(other.export().digest())));
        HostExports exports = samples.exports(other.catalog());
        CatalogEntry entry = exports.find(Content.Kind.IMAGE, "app", null).orElseThrow();

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> exports.fetch(entry, samples.staging(), Progress.none()))
                .withMessageContaining("image app of the catalog")
                .withMessageContaining("another digest")
                .matches(e -> e.code() == ErrorCode.DATA_CORRUPT);
    }

    @Test
    void aKeyOfOpensslIsAsGoodAsOurs() throws IOException {
        Path key = Files.writeString(
                directory.resolve("key"), "-----BEGIN PRIVATE KEY-----\n" + PRIVATE + "\n-----END PRIVATE KEY-----\n");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));

        assertThat(publish(image, "key").catalog()).isEqualTo(catalog + "#" + PUBLIC);
        assertThat(samples.exports(catalog + "#" + PUBLIC).available(null)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"})
    void whatIsNoKeyIsRefused(String content) throws IOException {
        Path key = Files.writeString(directory.resolve("key"), content);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> publish(image, "key"))
                .withMessageContaining("no Ed25519 key")
                .matches(e -> e.code() == ErrorCode.INVALID_ARGUMENT);
        assertThat(catalog).doesNotExist();
    }

    @Test
    void aKeyIsMadeOnlyWhenThatIsAskedFor() {
        PublishRequest request =
                new PublishRequest(catalog.toString(), directory.resolve("key").toString(), false);

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(
                        () -> samples.exports().publish(image, samples.images.resolve("app"), request, Progress.none()))
                .withMessageContaining("--new-key")
                .matches(e -> e.code() == ErrorCode.NOT_FOUND);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/srv/catalog",
                "catalog#" + PUBLIC,
                "http://192.0.2.1/#" + PUBLIC,
                "https://user:password@192.0.2.1/#" + PUBLIC,
                "/srv/catalog#ed25519:short",
                "ftp://192.0.2.1/#" + PUBLIC
            })
    void whatIsNoCatalogIsRefusedAtOnce(String reference) {
        assertThat(refusal(reference).code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
    }
}
