package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExportPull;
import dev.banger.api.ExportRequest;
import dev.banger.api.ImagePull;
import dev.banger.api.PublishRequest;
import dev.banger.export.Content;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where a name leads: what is there, catalogs, then what banger can make itself. */
class CatalogImagesTest {
    private final FakeCatalogs fake = new FakeCatalogs();
    private final ImageService images = fake.images();
    private final KernelService kernels = fake.kernels();

    private static ImagePull from(String catalog, String name) {
        return new ImagePull(name, null, false, false, null, catalog);
    }

    @Test
    void aNameThatIsNotThereIsFetchedFromACatalogOnce() {
        fake.exports().offer(Content.Kind.IMAGE, "app");

        images.checkObtainable("app");
        assertThat(images.ensure("app", Progress.none()).source()).isEqualTo("an export");
        images.ensure("app", Progress.none());

        assertThat(fake.exports().fetched()).containsExactly("app");
    }

    @Test
    void aCatalogGoesBeforeBuilding() {
        fake.exports().offer(Content.Kind.IMAGE, "debian");
        fake.exports().offer(Content.Kind.KERNEL, "debian");

        images.ensure("debian", Progress.none());
        kernels.ensure("debian", Progress.none());

        assertThat(fake.exports().fetched()).containsExactly("debian", "debian");
        assertThat(fake.builds()).isZero();
        assertThat(fake.pulls()).isZero();
    }

    @Test
    void whatCanBeBuiltDoesNotNeedACatalogThatIsAway() {
        fake.exports().failing(new BangerException(ErrorCode.REGISTRY_FAILED, "it is away"));
        List<String> warnings = new ArrayList<>();

        assertThat(images.ensure("debian", warning(warnings)).source()).isEqualTo("a fake");
        kernels.ensure("debian", warning(warnings));

        assertThat(warnings).hasSize(2).allMatch(warning -> warning.contains("it is away"));
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> images.ensure("app", Progress.none()))
                .withMessageContaining("it is away");
    }

    @Test
    void aCatalogThatIsForgedIsNoReasonToBuild() {
        fake.exports().failing(new BangerException(ErrorCode.DATA_CORRUPT, "it is not signed"));

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> images.ensure("debian", Progress.none()))
                .withMessageContaining("it is not signed");
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> kernels.ensure("debian", Progress.none()))
                .withMessageContaining("it is not signed");
        assertThat(fake.builds()).isZero();
    }

    private static Progress warning(List<String> warnings) {
        return new Progress() {
            @Override
            public void stage(String stage) {}

            @Override
            public void update(long done, long total) {}

            @Override
            public void warn(String message) {
                warnings.add(message);
            }
        };
    }

    @Test
    void whoAsksForWhatNobodyHasIsToldWhatThereIs() {
        fake.exports().offer(Content.Kind.IMAGE, "app");
        images.ensure("debian", Progress.none());

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> images.ensure("nosuch", Progress.none()))
                .withMessageContaining("there are: debian")
                .withMessageContaining("image ls --available")
                .matches(e -> e.code() == ErrorCode.NOT_FOUND);
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> images.pull(from("/catalog", "nosuch"), Progress.none()))
                .withMessageContaining("they have: app");
    }

    @Test
    void anExportIsPulledFromItsPlace() {
        Image image = images.pull(ImagePull.of("/there/mine"), Progress.none());

        assertThat(image.name()).isEqualTo("mine");
        assertThat(kernels.pull(new ExportPull("/there/own", null, false), Progress.none())
                        .name())
                .isEqualTo("own");
        assertThat(fake.exports().fetched()).containsExactly("/there/mine", "/there/own");
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> kernels.pulledName(new ExportPull("own", null, false)))
                .matches(e -> e.code() == ErrorCode.INVALID_ARGUMENT);
    }

    @Test
    void aReferenceOfARegistryIsNotLookedForInCatalogs() {
        fake.exports().offer(Content.Kind.IMAGE, "app");

        assertThat(images.pull(ImagePull.of("host/app"), Progress.none()).source())
                .isEqualTo("host/app");
        assertThat(fake.exports().fetched()).isEmpty();
    }

    @Test
    void whatIsThereIsExportedAndPublished() {
        images.ensure("debian", Progress.none());

        assertThat(images.export("debian", new ExportRequest("/there", false), Progress.none())
                        .digest())
                .isEqualTo(images.get("debian").digest());
        images.publish("debian", new PublishRequest("/catalog", "/key", false), Progress.none());
        assertThat(images.available(null))
                .singleElement()
                .satisfies(entry -> assertThat(entry.name()).isEqualTo("debian"));
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> images.export("nosuch", new ExportRequest("/there", false), Progress.none()))
                .matches(e -> e.code() == ErrorCode.NOT_FOUND);
    }
}
