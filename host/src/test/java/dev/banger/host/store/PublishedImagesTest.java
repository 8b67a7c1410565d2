package dev.banger.host.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.ImageProgram;
import dev.banger.config.Places;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.UserNamespace;
import dev.banger.image.Image;
import dev.banger.image.RootfsBuilder.Built;
import dev.banger.image.RootfsBuilder.Measured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublishedImagesTest {
    @TempDir
    private Path home;

    private Places places() {
        return Places.of(Map.of("BANGER_HOME", home.toString()));
    }

    private Image publish(PublishedImages images, String name, String content) throws IOException {
        Path staging = images.stage();
        Files.writeString(staging.resolve("rootfs"), content);
        try {
            return images.publish(staging, name, new Built("a test", true, 1024));
        } finally {
            images.discard(staging);
        }
    }

    @Test
    void anImageAppearsWholeUnderItsNameAndDigest_P28() throws Exception {
        PublishedImages images = new PublishedImages(places());

        Image image = publish(images, "debian", "root");

        assertThat(images.find("debian")).contains(image);
        assertThat(images.find("debian", image.digest())).contains(image);
        assertThat(image.rootfs()).hasContent("root");
        assertThat(places().staging()).isEmptyDirectory();
        assertThat(new PublishedImages(places()).all()).containsExactly(image);
    }

    @Test
    void whatItsMakerMeasuredIsNotReadAgain() throws Exception {
        PublishedImages images = new PublishedImages(places());
        String measured = publish(images, "debian", "root").digest();
        Path staging = images.stage();
        Files.writeString(staging.resolve("rootfs"), "root");

        Image again = images.publish(
                staging, "other", new Built("a test", true, 1024, ImageProgram.NONE, new Measured(measured, 4)));

        assertThat(again.digest()).isEqualTo(measured);
        assertThat(again.dataBytes()).isEqualTo(4);
        assertThat(again.rootfs()).hasContent("root");
    }

    @Test
    void anUnfinishedBuildIsNeverSeenAndIsClearedAtTheNextStart() throws Exception {
        PublishedImages images = new PublishedImages(places());
        Path staging = images.stage();
        Files.writeString(staging.resolve("rootfs"), "half");

        assertThat(images.all()).isEmpty();
        ProgramRunner programs = new ProgramRunner(System.getenv());
        PublishedKernels.clearStaging(places(), programs, UserNamespace.of(programs));
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (Files.exists(staging) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(places().staging()).isEmptyDirectory();
    }

    @Test
    void aNewBuildMovesTheNameAndLeavesTheOldOneToItsVms_P26() throws Exception {
        PublishedImages images = new PublishedImages(places());
        Image old = publish(images, "debian", "old");
        Image fresh = publish(images, "debian", "fresh");

        assertThat(images.find("debian")).contains(fresh);
        assertThat(images.find("debian", old.digest())).contains(old);
        assertThat(images.superseded()).containsExactly(old);
        images.delete(old);
        assertThat(images.superseded()).isEmpty();
        assertThat(old.directory()).doesNotExist();
        assertThat(fresh.rootfs()).hasContent("fresh");
    }

    @Test
    void theSameBuildTwiceIsOneImage() throws Exception {
        PublishedImages images = new PublishedImages(places());
        Image one = publish(images, "debian", "same");
        Image two = publish(images, "debian", "same");

        assertThat(two.digest()).isEqualTo(one.digest());
        assertThat(images.superseded()).isEmpty();
    }

    @Test
    void deletingTheNamedBuildDeletesTheName() throws Exception {
        PublishedImages images = new PublishedImages(places());
        images.delete(publish(images, "debian", "root"));

        assertThat(images.find("debian")).isEmpty();
        assertThat(places().images()).isEmptyDirectory();
    }

    @Test
    void damagedFactsHideAnImageAndHarmNoOther() throws Exception {
        PublishedImages images = new PublishedImages(places());
        Image good = publish(images, "good", "good");
        Image bad = publish(images, "bad", "bad");
        Files.writeString(bad.directory().resolve("image.json"), "{");

        assertThat(images.all()).containsExactly(good);
    }

    @Test
    void aNameStandsForAnotherImageAtOnceAndTheEarlierBuildStays() throws Exception {
        PublishedImages images = new PublishedImages(places());
        Image earlier = publish(images, "debian", "earlier");
        Image mine = publish(images, "mine", "mine");

        Image promoted = images.promote(mine, "debian");

        assertThat(images.find("debian")).contains(promoted);
        assertThat(promoted.digest()).isEqualTo(mine.digest());
        assertThat(promoted.rootfs()).hasSameBinaryContentAs(mine.rootfs());
        assertThat(images.find("mine")).contains(mine);
        assertThat(images.superseded()).containsExactly(earlier);
        images.delete(mine);
        assertThat(promoted.rootfs()).exists();
    }
}
