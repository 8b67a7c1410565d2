package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ExecRequest;
import dev.banger.api.ImageProgram;
import dev.banger.api.ImagePull;
import dev.banger.operation.Progress;
import dev.banger.testkit.FakeCatalogs;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ImagePullTest {
    private final ImageService images = new FakeCatalogs().images();

    @Test
    void isNamedByItsReferenceAndKeptUnlessRefreshed() {
        Image first = images.pull(ImagePull.of("host/app"), Progress.none());
        Image again = images.pull(ImagePull.of("host/app"), Progress.none());
        Image fresh = images.pull(new ImagePull("host/app", null, true, false, null, null), Progress.none());

        assertThat(first.name()).isEqualTo("app");
        assertThat(again.digest()).isEqualTo(first.digest());
        assertThat(fresh.digest()).isNotEqualTo(first.digest());
    }

    @Test
    void aNameThatIsNoneIsRefusedBeforeAnythingIsFetched() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> images.pulledName(new ImagePull("host/app", "Bad Name", false, false, null, null)));
    }

    @Test
    void theProgramOfAnImageCompletesWhatACommandLeavesOpen() {
        Image image = images.pull(ImagePull.of("host/app"), Progress.none());
        ImageProgram program = images.program(image.name(), image.digest());
        ExecRequest nothing = new ExecRequest(List.of(), Map.of(), null, null, null);
        ExecRequest everything =
                new ExecRequest(List.of("id"), Map.of("FROM", "caller", "X", "1"), "/tmp", "root", null);

        assertThat(program.completing(nothing))
                .isEqualTo(new ExecRequest(List.of("/entry", "serve"), Map.of("FROM", "image"), "/srv", "app", null));
        assertThat(program.completing(everything)).isEqualTo(everything);
        assertThat(images.program("another", "digest").completing(nothing)).isEqualTo(nothing);
    }
}
