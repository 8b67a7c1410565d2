package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** One command on a machine where nothing has been prepared. */
@Isolated
@Order(10)
class FirstRunTest {
    private final Banger banger = Banger.in(FirstRun.home());

    @AfterAll
    void stopDaemon() {
        banger.ok("daemon", "stop");
    }

    @Test
    void theFirstCommandFetchesAndBuildsWhatIsMissingAndPrintsTheOutputOfTheGuest() {
        Outcome first = FirstRun.outcome().expect(0);

        assertThat(first.lines())
                .singleElement()
                .asString()
                .startsWith("Linux ")
                .endsWith("GNU/Linux");
        assertThat(first.stderr()).as("without a terminal").doesNotContain("\033", "\r", "Exception");
    }

    @Test
    void kernelAndImageAreThereAfterwards() {
        FirstRun.outcome();

        assertThat(banger.ok("kernel", "ls", "-q").lines()).containsExactly("debian");
        assertThat(banger.ok("image", "ls", "-q").lines()).containsExactly("debian");
        assertThat(banger.ok("image", "show", "--json", "debian").object())
                .hasEntrySatisfying(
                        "digest", digest -> assertThat(digest.toString()).matches("[0-9a-f]{64}"))
                .containsEntry("hasInit", true);
        assertThat(Outcome.text(banger.ok("kernel", "show", "--json", "debian").object(), "version"))
                .matches("[0-9].*-cloud-.*");
    }

    @Test
    void theVmOfTheFirstCommandIsGone() {
        FirstRun.outcome();

        assertThat(banger.vms()).isEmpty();
        assertThat(Trees.names(FirstRun.home().resolve("state/vms"))).isEmpty();
        assertThat(Trees.names(FirstRun.home().resolve("cache/staging"))).isEmpty();
    }

    /** P28, P31: published by rename. */
    @Test
    void anInterruptedBuildLeavesNothingThatLooksFinished() {
        FirstRun.outcome();

        try (Running build =
                banger.call("image", "build", "debian", "--name", "other").start()) {
            Awaitility.await("the build is under way")
                    .atMost(Duration.ofMinutes(2))
                    .until(() -> !Trees.names(FirstRun.home().resolve("cache/staging"))
                            .isEmpty());
            build.signal("INT");
            build.await().expect(130);
        }

        assertThat(banger.ok("image", "ls", "-q").lines()).containsExactly("debian");
        assertThat(Trees.names(FirstRun.home().resolve("cache/images"))).noneMatch(name -> name.startsWith("other"));
        Awaitility.await("nothing unfinished is left")
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(Trees.names(FirstRun.home().resolve("cache/staging")))
                        .isEmpty());
    }
}
