package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.time.Duration;
import java.util.List;
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

    @Test
    void theImageIsASoundFileSystemWithTheOwnersAndSettingsOfASandbox() {
        String rootfs = FirstRun.cache().resolve("images/debian/rootfs").toString();

        Call.program("e2fsck", "-fn", rootfs).run().expect(0);
        assertThat(inImage("stat /usr/bin/sudo"))
                .containsPattern("Mode: +04755")
                .containsPattern("User: +0 ");
        assertThat(inImage("stat /etc/shadow")).containsPattern("Mode: +0640").containsPattern("Group: +42 ");
        assertThat(inImage("ea_list /usr/bin/ping")).contains("security.capability");
        assertThat(inImage("ls -p /etc/ssh")).doesNotContain("ssh_host_");
        assertThat(inImage("cat /etc/machine-id")).isEmpty();
        assertThat(inImage("cat /etc/apt/sources.list")).startsWith("deb ").contains(" main");
        assertThat(inImage("ls -p /etc/apt/apt.conf.d")).doesNotContain("mmdebstrap");
        assertThat(inImage("ls -p /etc/dpkg/dpkg.cfg.d")).doesNotContain("mmdebstrap");
        assertThat(inImage("ls -p /var/cache/apt/archives")).doesNotContain(".deb");
    }

    /** Neither of the first packages, which mmdebstrap unpacks, nor of the others. */
    @Test
    void theImageHasLicencesButNoManuals() {
        for (String each : new String[] {"coreutils", "git"}) {
            assertThat(filesIn("/usr/share/doc/" + each)).containsExactly("copyright");
        }
        for (String each : new String[] {"locale", "man"}) {
            assertThat(inImage("ls -p /usr/share/" + each).lines().filter(line -> !line.isBlank()))
                    .as("all but . and ..")
                    .hasSize(2);
        }
    }

    private static String inImage(String request) {
        String rootfs = FirstRun.cache().resolve("images/debian/rootfs").toString();
        return Call.program("debugfs", "-R", request, rootfs).run().expect(0).out();
    }

    /** What debugfs(8) lists as /inode/mode/uid/gid/name/size/. */
    private static List<String> filesIn(String directory) {
        return inImage("ls -p " + directory)
                .lines()
                .filter(line -> line.startsWith("/"))
                .map(line -> line.split("/"))
                .filter(fields -> fields[2].startsWith("10")) // S_IFREG
                .map(fields -> fields[5])
                .toList();
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
