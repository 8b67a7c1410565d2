package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.it.BangerHome.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A host or an installation that lacks something: one clear message, status 125, nothing left. */
@Order(30)
class BrokenHostTest {
    private static final int FAILED = 125;

    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("broken-host");

    private final Banger banger = HOME.banger();

    /** An own home inside this class's, so that what is broken is nobody else's. */
    private static Path home(String name) {
        Path home = HOME.path().resolve(name);
        Trees.makeDirectory(home);
        return home;
    }

    private static void assertNoProcess(Path home) {
        assertThat(Processes.concerning(home)).isEmpty();
    }

    @Test
    void aMissingDaemonBinaryIsNamed() throws IOException {
        Path tree = HOME.path().resolve("no-daemon-tree");
        Trees.copy(Banger.TREE, tree);
        Files.delete(tree.resolve("bin/bangerd"));
        Path home = home("no-daemon");

        Banger.in(home).of(tree).run("vm", "ls").refused(FAILED, "bin/bangerd", "install banger again");

        assertNoProcess(home);
        Trees.delete(tree);
    }

    @Test
    void aMissingAgentIsNamed() throws IOException {
        Path tree = HOME.path().resolve("no-agent-tree");
        Trees.copy(Banger.TREE, tree);
        Files.delete(tree.resolve("libexec/banger-agent"));
        Path home = home("no-agent");
        Trees.link(HOME.path().resolve("cache"), home.resolve("cache"));
        Trees.delete(home.resolve("cache/initramfs"));
        Banger broken = Banger.in(home).of(tree);

        Outcome outcome = broken.run("vm", "create", "-q", "--name", "dev").expect(FAILED);

        assertThat(outcome.stderr()).contains("banger-agent").doesNotContain("Exception", "internal error");
        assertThat(broken.vms()).isEmpty();
        broken.ok("daemon", "stop");
        Trees.delete(tree);
    }

    /** The client shows why, since nobody else will. */
    @Test
    void aDamagedDatabaseIsNamedByTheClient() throws IOException {
        Path home = home("bad-database");
        Files.createDirectories(home.resolve("state"));
        Files.writeString(home.resolve("state/banger.db"), "this is no database, however long it is ".repeat(100));

        Outcome outcome = Banger.in(home).run("vm", "ls").expect(FAILED);

        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.stderr())
                .contains("bangerd did not start", "banger.db")
                .doesNotContain("\tat ");
        assertNoProcess(home);
        assertThat(home.resolve("state/banger.db"))
                .as("left as it was")
                .content()
                .startsWith("this is no database");
    }

    /** P76: never a socket in somebody else's directory. */
    @Test
    void directoriesOfAnotherUserAreRefused() throws IOException {
        Path home = home("foreign");
        Path run = Files.createDirectory(home.resolve("run"));
        Files.setAttribute(run, "unix:uid", 65534);

        Banger.in(home).run("vm", "ls").refused(FAILED, run.toString(), "65534");

        assertNoProcess(home);
    }

    @Test
    void directoriesThatOthersMayWriteToAreRefused() throws IOException {
        Path home = home("open");
        Path run = Files.createDirectory(home.resolve("run"));
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxrwxrwx"));

        Banger.in(home).run("vm", "ls").refused(FAILED, run.toString(), "chmod go-w");

        assertNoProcess(home);
    }

    /** Another user who can reach the socket is dropped: B5 of the threat model. */
    @Test
    void anotherUserCannotUseTheSocket() {
        banger.ok("daemon", "start");
        Path run = HOME.path().resolve("run");

        Outcome other = new Call(
                        List.of("setpriv", "--reuid", "65534", "--clear-groups", "ls", run.toString()),
                        banger.environment())
                .run();

        assertThat(other.status()).as("a directory of mode 0700").isNotZero();
    }

    @Test
    void withoutQemuTheMessageSaysHowToGetIt() throws IOException {
        Path programs = HOME.path().resolve("programs");
        Files.createDirectory(programs);
        for (String directory : List.of("/usr/local/bin", "/usr/bin", "/bin")) {
            for (String name : Trees.names(Path.of(directory))) {
                Path link = programs.resolve(name);
                if (!name.startsWith("qemu-system-") && !Files.exists(link, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
                    Files.createSymbolicLink(link, Path.of(directory, name));
                }
            }
        }
        Path home = home("no-qemu");
        Trees.link(HOME.path().resolve("cache"), home.resolve("cache"));
        Banger poor = Banger.in(home).with("PATH", programs.toString());

        poor.run("vm", "run", "-q", "--rm", "--", "true").refused(FAILED, "qemu-system-x86", "apt-get install");

        assertThat(poor.vms()).isEmpty();
        assertThat(Trees.names(home.resolve("state/vms"))).isEmpty();
        assertThat(poor.run("doctor").status()).isEqualTo(1);
        poor.ok("daemon", "stop");
        Trees.delete(programs);
    }

    @Test
    void aFullDiskIsNamedAndNothingIsLeft() throws IOException {
        Path home = home("small");
        Call.program("mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "none", home.toString())
                .run()
                .expect(0);
        try {
            Files.createSymbolicLink(home.resolve("cache"), HOME.path().resolve("cache"));
            Banger cramped = Banger.in(home);
            cramped.ok("daemon", "start");
            Path filler = home.resolve("filler");
            Call.program("sh", "-c", "head -c 100m /dev/zero >\"$0\"", filler.toString())
                    .run();

            Outcome refused = cramped.run("vm", "create", "-q", "--name", "dev").expect(FAILED);

            assertThat(refused.stderr()).containsIgnoringCase("space").doesNotContain("Exception", "internal error");
            Files.delete(filler);
            assertThat(cramped.vms()).isEmpty();
            assertThat(Trees.names(home.resolve("state/vms"))).isEmpty();
            cramped.ok("vm", "create", "--no-start", "--name", "dev");
            cramped.ok("vm", "delete", "dev");
            cramped.ok("daemon", "stop");
        } finally {
            Call.program("umount", "-l", home.toString()).run().expect(0);
        }
    }

    /** P84: a socket's address holds 107 bytes, a home's path may be longer. */
    @Test
    void aLongPathIsNoObstacle() {
        Path home = home("long/" + "d".repeat(100) + "/with a space, and a comma");
        Trees.link(HOME.path().resolve("cache"), home.resolve("cache"));
        Banger deep = Banger.in(home);

        assertThat(deep.ok("vm", "run", "--rm", "-q", "--", "echo", "fine").line())
                .isEqualTo("fine");

        deep.ok("daemon", "stop");
        assertNoProcess(home);
    }
}
