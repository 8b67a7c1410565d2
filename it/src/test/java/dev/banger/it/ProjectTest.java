package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Configuration file and project file with the shipped program, and a VM as a repository wants it. */
@Order(45)
class ProjectTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("project");

    @TempDir
    private Path repository;

    private final Banger banger = HOME.banger();

    @AfterEach
    void deleteVms() {
        HOME.deleteVms();
    }

    @AfterAll
    static void removeConfig() throws IOException {
        Files.deleteIfExists(config());
    }

    private static Path config() {
        return HOME.path().resolve("config/config.toml");
    }

    private void project(String text) throws IOException {
        Files.writeString(repository.resolve("banger.toml"), text);
    }

    private Banger inRepository() {
        return banger.under("env", "-C", repository.toString());
    }

    private Outcome run(String... words) {
        return inRepository().run(words);
    }

    @Test
    void aRepositorysVmIsMadeAndSetUpAsItsFileSays() throws IOException {
        project("""
                cpus = 1
                memory = "384M"
                publish = ["8080:80"]

                [env]
                GREETING = "from the project"

                [setup]
                hello = '''
                echo setting up
                echo "$GREETING" >>/root/setup
                '''

                [start]
                count = "echo x >>/root/starts"
                """);

        Outcome made = run("vm", "run", "--name", "dev", "--", "sh", "-c", "echo $GREETING; nproc")
                .expect(0);

        assertThat(made.lines()).containsExactly("from the project", "1");
        assertThat(made.stderr())
                .contains("using " + repository.resolve("banger.toml"), "once in the VM hello", "  | setting up");
        assertThat(banger.show("dev"))
                .containsEntry("memoryMiB", 384L)
                .containsEntry("project", repository.resolve("banger.toml").toString());
        assertThat(Outcome.text(banger.show("dev"), "ports")).contains("8080");
        assertThat(banger.shell("dev", "echo $GREETING")).isEqualTo("from the project");

        banger.ok("vm", "restart", "dev");
        assertThat(banger.shell("dev", "cat /root/setup | wc -l")).isEqualTo("1");
        assertThat(banger.shell("dev", "cat /root/starts | wc -l")).isEqualTo("2");
    }

    @Test
    void aScriptThatFailsIsNamedAndNoVmIsLeft() throws IOException {
        project("""
                [setup]
                good = "true"
                bad = "echo about to fail; sh -c 'exit 9'; echo not reached"
                """);

        Outcome failed = run("vm", "run", "--name", "dev", "--", "true").expect(125);

        assertThat(failed.out()).isEmpty();
        assertThat(failed.stderr())
                .contains("setup script bad", "ended with status 9", "  | about to fail")
                .doesNotContain("not reached\n", "Exception");
        HOME.assertNoVmIsLeft();
    }

    @Test
    void aScriptsBackgroundProgramIsNotWaitedForAndGoesOn() throws IOException {
        project("""
                [start]
                server = "sleep 4242 &"
                """);

        run("vm", "run", "--name", "dev", "--", "true").expect(0);

        assertThat(banger.shell("dev", "pidof sleep | wc -w")).isEqualTo("1");
    }

    @Test
    void anInterruptWhileASetupScriptRunsLeavesNothing() throws IOException {
        project("""
                [setup]
                long = "echo begun; sleep 600"
                """);
        try (Running run =
                inRepository().call("vm", "run", "--name", "dev", "--", "true").start()) {
            Awaitility.await("the script runs")
                    .atMost(Duration.ofMinutes(2))
                    .until(() -> banger.vms().contains("dev")
                            && banger.exec("dev", "pidof", "sleep").run().status() == 0);
            run.signal("INT");

            run.await().expect(130);
        }
        HOME.assertNoVmIsLeft();
    }

    @Test
    void withoutTheProjectItsFileCountsForNothing() throws IOException {
        project("nonsense");

        run("vm", "create", "--no-start").refused(2, repository.resolve("banger.toml") + ":1:9");
        run("vm", "create", "--no-start", "--no-project", "--name", "plain").expect(0);
        assertThat(banger.show("plain")).containsEntry("project", null);
    }

    @Test
    void theConfigurationFileHoldsForTheNextVm() throws IOException {
        Files.createDirectories(config().getParent());
        Files.writeString(config(), "[vm]\ncpus = 1\nmemory = \"300M\"\n");

        run("vm", "create", "--no-start", "--name", "small").expect(0);
        assertThat(banger.show("small")).containsEntry("memoryMiB", 300L).containsEntry("cpus", 1L);
        assertThat(banger.with("BANGER_MEMORY", "310M")
                        .ok("vm", "create", "--no-start", "--name", "other")
                        .line())
                .isEqualTo("other");
        assertThat(banger.show("other")).containsEntry("memoryMiB", 310L);
        assertThat(run("config", "show").expect(0).out()).contains("vm.memory", config() + ":3");

        Files.writeString(config(), "[vm]\ncpu = 1\n");
        run("vm", "create", "--no-start").refused(2, config() + ":2:1", "did you mean cpus?");
        run("config", "check").refused(2, config() + ":2:1");
        Files.delete(config());
        run("config", "check").expect(0);
    }

    @Test
    void aDaemonWithAWrongFileDoesNotStartAndItsStarterIsTold() throws IOException {
        banger.ok("daemon", "stop");
        Files.createDirectories(config().getParent());
        Files.writeString(config(), "[daemon]\npool_size = 1000\n");
        try {
            assertThat(banger.run("vm", "ls").expect(125).stderr())
                    .contains(config() + ":2:1: ", "a number from 0 to 99")
                    .doesNotContain("Exception");
        } finally {
            Files.delete(config());
        }
        banger.ok("vm", "ls");
    }
}
