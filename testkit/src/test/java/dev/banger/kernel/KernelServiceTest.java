package dev.banger.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.KernelBuild;
import dev.banger.api.KernelPull;
import dev.banger.export.Content;
import dev.banger.operation.Lack;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelServiceTest {
    private final FakeCatalogs catalogs = new FakeCatalogs();
    private final KernelService kernels = catalogs.kernels();

    @Test
    void aVersionIsAKernelOfItsOwnBesideTheUsualOne() {
        kernels.pull(KernelPull.usual("debian"), Progress.none());
        kernels.pull(new KernelPull("debian", null, null, "6.12.9+deb12", false), Progress.none());
        kernels.pull(new KernelPull("debian", null, "trixie", null, false), Progress.none());
        kernels.pull(new KernelPull("debian", "mine", null, "6.1.0-9", false), Progress.none());
        kernels.build(new KernelBuild("sandbox", null, null, false), Progress.none());

        assertThat(kernels.all())
                .extracting(Kernel::name, Kernel::version)
                .extracting(Object::toString)
                .containsExactlyInAnyOrder(
                        "(\"debian\", \"6.1.0\")",
                        "(\"debian-6.12.9-deb12\", \"6.12.9+deb12\")",
                        "(\"debian-trixie\", \"6.1.0\")",
                        "(\"mine\", \"6.1.0-9\")",
                        "(\"sandbox\", \"6.1.0-built\")");
    }

    @Test
    void oneThatIsThereIsKeptUnlessARefreshIsAskedFor() {
        kernels.pull(KernelPull.usual("debian"), Progress.none());
        kernels.pull(KernelPull.usual("debian"), Progress.none());
        assertThat(catalogs.pulls()).isEqualTo(1);

        kernels.pull(new KernelPull("debian", null, null, null, true), Progress.none());
        assertThat(catalogs.pulls()).isEqualTo(2);
    }

    @Test
    void aCatalogIsAskedForNamesAlone() {
        catalogs.exports().offer(Content.Kind.KERNEL, "debian");
        catalogs.exports().offer(Content.Kind.KERNEL, "own");

        kernels.pull(new KernelPull("debian", null, null, "6.1.0-9", false), Progress.none());
        kernels.pull(new KernelPull("debian", null, "trixie", null, false), Progress.none());
        assertThat(catalogs.exports().fetched()).isEmpty();
        assertThat(catalogs.pulls()).isEqualTo(2);

        kernels.pull(new KernelPull("own", "mine", null, null, false), Progress.none());
        assertThat(catalogs.exports().fetched()).containsExactly("own");
        assertThat(kernels.get("mine").source()).isEqualTo("an export");
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> kernels.pull(new KernelPull("own", null, null, "6.1", false), Progress.none()))
                .withMessageContaining("there is no kernel source \"own\"");
    }

    @Test
    void whatTheHostLacksCountsOnlyWhereTheArchiveIsAsked() {
        Lack lack = new Lack("there is no apt-get", "fetch", Lack.NO_REMEDY);
        catalogs.lacking(lack);

        assertThat(kernels.lacks("debian")).containsExactly(lack);
        assertThat(kernels.lacks("nosuch")).isEmpty();

        catalogs.exports().offer(Content.Kind.KERNEL, "debian");
        assertThat(kernels.lacks("debian")).isEmpty();
    }

    /** A suite becomes a line of apt's sources, a version one of its arguments. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "debian | bookworm main | - | is no suite",
                "debian | ../etc | - | is no suite",
                "debian | -o | - | is no suite",
                "debian | - | --all | is no version",
                "debian | - | 6.1/2 | is no version",
                "fedora | - | - | there is no kernel source"
            })
    void whatIsNoSuiteOrVersionIsRefused(
            String source, @Nullable String suite, @Nullable String version, String message) {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> kernels.pull(new KernelPull(source, "x", suite, version, false), Progress.none()))
                .withMessageContaining(message);
        assertThat(catalogs.pulls()).isZero();
    }

    @Test
    void listingLeavesNothingInStaging() {
        assertThat(kernels.versions(null)).hasSize(1);

        assertThat(catalogs.discarded()).isEqualTo(1);
    }

    @Test
    void aNameThatIsTakenIsFreeOnlyForReplacement() {
        kernels.pull(KernelPull.usual("debian"), Progress.none());

        kernels.checkFree("other", false);
        kernels.checkFree("debian", true);
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> kernels.checkFree("debian", false))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
                .withMessageContaining("--replace");
    }
}
