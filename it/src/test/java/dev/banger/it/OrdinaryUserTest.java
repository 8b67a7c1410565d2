package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Everything works for a user without any privilege, in the places of the XDG base directories, including the first run that
 * builds the image. The user is made for this class and deleted after it.
 */
@Order(14) // builds an image of its own while the others wait for that of the first run
@TestMethodOrder(MethodOrderer.OrderAnnotation.class) // the first run builds what the others use
class OrdinaryUserTest {
    /** Two runs at once do not share it. */
    private static final String USER = "banger-it-" + ProcessHandle.current().pid();

    private static final Path HOME = Path.of("/home", USER);

    private final Banger banger = banger();
    private Inventory before = Inventory.of(HOME);

    private static Banger banger() {
        Map<String, String> environment = new HashMap<>();
        environment.put("PATH", "/usr/local/bin:/usr/bin:/bin");
        environment.put("HOME", HOME.toString());
        environment.put("USER", USER);
        environment.put("LOGNAME", USER);
        environment.put("LANG", "C");
        environment.put("BANGER_TEMPLATES", "manual");
        environment.put("BANGER_POOL_SIZE", "0");
        environment.put("BANGER_DNS_PORT", "0");
        return new Banger(
                List.of("setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "--reset-env"),
                HOME.resolve("banger"),
                environment);
    }

    @BeforeAll
    void aUserWithACopyOfTheTree() {
        Call.program("useradd", "--create-home", "--shell", "/bin/sh", USER)
                .run()
                .expect(0);
        before = Inventory.of(HOME);
        Trees.copy(Banger.TREE, HOME.resolve("banger"));
        Call.program("chmod", "-R", "a+rX", HOME.resolve("banger").toString())
                .run()
                .expect(0);
    }

    @AfterAll
    void nothingIsLeftOfTheUser() {
        try {
            banger.run("vm", "delete", "dev");
            banger.run("daemon", "stop");
            Awaitility.await("no process of " + USER)
                    .atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThat(Processes.concerning(HOME)).isEmpty());
            Inventory.of(HOME).assertNothingNewSince(before);
        } finally {
            Processes.concerning(HOME).forEach(process -> Processes.signal(process.pid(), "KILL"));
            deleteUser();
        }
    }

    private static void deleteUser() {
        Call.program("userdel", "--remove", USER).run();
        Trees.delete(HOME);
    }

    @Test
    @Order(1)
    void theFirstCommandBuildsAndRuns() {
        Outcome first = banger.call("vm", "run", "--rm", "--", "uname", "-a")
                .within(Duration.ofMinutes(9))
                .run()
                .expect(0);

        assertThat(first.lines()).singleElement().asString().startsWith("Linux ");
        assertThat(banger.vms()).isEmpty();
        assertThat(HOME.resolve(".local/state/banger/banger.db")).isRegularFile();
        assertThat(HOME.resolve(".cache/banger/images/debian")).exists();
        assertThat(Trees.names(HOME.resolve(".cache/banger/staging"))).isEmpty();
    }

    /** P12: files of the image belong to whom they belong, although no root built it. */
    @Test
    @Order(2)
    void ownersAndModesInTheImageAreRight() {
        banger.ok("vm", "create", "--name", "dev");

        assertThat(banger.shell("dev", "stat -c '%U %a' /etc/shadow /usr/bin/passwd /tmp /root /etc/passwd"))
                .isEqualTo("root 640\nroot 4755\nroot 1777\nroot 700\nroot 644");
        assertThat(banger.shell("dev", "find /usr /etc -xdev -uid +999 | head")).isEmpty();
    }

    @Test
    @Order(3)
    void commandsBehaveAsForRoot() {
        banger.exec("dev", "sh", "-c", "exit 42").run().expect(42);
        banger.exec("dev", "sh", "-c", "kill -9 $$").run().expect(137);
        assertThat(banger.exec("dev", "wc", "-l")
                        .input("a\nb\n")
                        .run()
                        .expect(0)
                        .line())
                .isEqualTo("2");
        assertThat(banger.shell("dev", "hostname")).isEqualTo("dev");
        assertThat(banger.ok("vm", "ssh", "dev", "--", "hostname").line()).isEqualTo("dev");
    }

    @Test
    @Order(4)
    void theVmmRunsAsTheUserAlone() {
        long pid = Outcome.number(banger.show("dev"), "pid");

        assertThat(Call.program("stat", "-c", "%U", "/proc/" + pid).run().line())
                .isEqualTo(USER);
        assertThat(Call.program(
                                "stat",
                                "-c",
                                "%a",
                                HOME.resolve(".local/state/banger").toString())
                        .run()
                        .line())
                .isEqualTo("700");
    }

    @Test
    @Order(5)
    void aKilledDaemonComesBackAndFindsItsVms() {
        long pid = Outcome.number(banger.show("dev"), "pid");
        long daemon = Outcome.number(banger.ok("daemon", "status", "--json").object(), "pid");

        Processes.signal(daemon, "KILL");

        assertThat(Outcome.number(banger.show("dev"), "pid")).isEqualTo(pid);
        assertThat(banger.shell("dev", "hostname")).isEqualTo("dev");
        assertThat(banger.ok("vm", "ssh", "dev", "--", "hostname").line()).isEqualTo("dev");
    }

    /** B5 of the threat model: root's own client does not speak to another's daemon either. */
    @Test
    @Order(6)
    void anotherUsersClientIsRefused() {
        List<String> program =
                new ArrayList<>(List.of(Banger.TREE.resolve("bin/banger").toString(), "vm", "ls"));

        new Call(program, banger.environment()).run().refused(125, "belongs to");
    }

    @Test
    @Order(7)
    void filesSurviveStopAndStart() {
        banger.shell("dev", "echo work >/root/kept; echo system >/etc/kept");

        banger.ok("vm", "stop", "dev");
        banger.ok("vm", "set", "dev", "--memory", "1024", "--disk-size", "12G");
        banger.ok("vm", "start", "dev");

        assertThat(banger.shell("dev", "cat /root/kept /etc/kept")).isEqualTo("work\nsystem");
    }

    @Test
    @Order(8)
    void templatesAndForksAreThereForThemToo() {
        banger.ok("image", "warm", "--memory", "256M");
        banger.ok("vm", "create", "--name", "warm", "--memory", "256M");
        assertThat(banger.show("warm")).containsEntry("startedFrom", "template");
        assertThat(banger.shell("warm", "hostname; stat -c %U /root")).isEqualTo("warm\nroot");

        assertThat(banger.ok("vm", "fork", "warm", "fork").lines()).containsExactly("fork");
        assertThat(banger.shell("fork", "hostname")).isEqualTo("fork");

        banger.ok("vm", "delete", "warm", "fork");
        assertThat(Trees.names(HOME.resolve(".local/state/banger/snapshots"))).isSubsetOf("making");
    }

    @Test
    @Order(9)
    void aDeletedVmLeavesNothing() {
        banger.ok("vm", "delete", "dev");

        assertThat(banger.vms()).isEmpty();
        assertThat(Trees.names(HOME.resolve(".local/state/banger/vms"))).isEmpty();
    }
}
