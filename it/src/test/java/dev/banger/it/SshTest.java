package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code vm ssh}: the user's own ssh, with a host key that is known from the start. */
@Order(70)
class SshTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("ssh");

    private final Banger banger = HOME.banger();

    @BeforeAll
    void aVm() {
        banger.ok("vm", "create", "--name", "dev");
    }

    @Test
    void aCommandRunsThroughSshWithoutAnyQuestion() {
        Outcome outcome = banger.ok("vm", "ssh", "dev", "--", "hostname");

        assertThat(outcome.out()).isEqualTo("dev\n");
        assertThat(outcome.stderr()).isEmpty();
    }

    @Test
    void exitStatusAndStreamsAreTheCommands() {
        banger.run("vm", "ssh", "dev", "--", "exit 42").expect(42);
        assertThat(banger.call("vm", "ssh", "dev", "--", "wc", "-l")
                        .input("a\nb\n")
                        .run()
                        .expect(0)
                        .line())
                .isEqualTo("2");
    }

    @Test
    void theLoginIsRootsWithTheWorkDiskAsHome() {
        assertThat(banger.ok("vm", "ssh", "dev", "--", "id -un; pwd; findmnt -n -o TARGET /root")
                        .lines())
                .containsExactly("root", "/root", "/root");
    }

    /** P58, P59: never trusted on first use, so another key is refused. */
    @Test
    void aHostKeyThatIsNotTheVmsIsRefused() throws IOException {
        Path knownHosts = Path.of(Outcome.text(banger.show("dev"), "directory"), "known_hosts");
        String right = Files.readString(knownHosts);
        String otherKey = otherKey();
        try {
            Files.writeString(knownHosts, right.replaceAll("ssh-ed25519 \\S+", otherKey));

            Outcome refused = banger.run("vm", "ssh", "dev", "--", "hostname").expect(255);

            assertThat(refused.out()).isEmpty();
            assertThat(refused.stderr()).containsIgnoringCase("host key verification failed");
        } finally {
            Files.writeString(knownHosts, right);
        }
        banger.ok("vm", "ssh", "dev", "--", "true");
    }

    private static String otherKey() throws IOException {
        Path directory = Files.createTempDirectory(HOME.path(), "key");
        Path key = directory.resolve("key");
        Call.program("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString())
                .run()
                .expect(0);
        String[] words = Files.readString(directory.resolve("key.pub")).split(" ");
        BangerHome.Trees.delete(directory);
        return words[0] + " " + words[1];
    }

    /** P86, P87: the user's own ssh files are not banger's to change; keys are private. */
    @Test
    void bangersKeysLieWithItsStateAndArePrivate() throws IOException {
        Path key = HOME.path().resolve("state/ssh/id_ed25519");

        assertThat(Files.getPosixFilePermissions(key)).hasToString("[OWNER_READ, OWNER_WRITE]");
        assertThat(Files.getPosixFilePermissions(HOME.path().resolve("state/ssh")))
                .hasToString("[OWNER_READ, OWNER_WRITE, OWNER_EXECUTE]");
    }

    @Test
    void plainSshReachesTheVmAtItsAddress() {
        var dev = banger.show("dev");
        String directory = Outcome.text(dev, "directory");
        String id = Outcome.text(dev, "id");
        String alias = firstWord(Path.of(directory, "known_hosts"));

        Outcome outcome = new Call(
                        List.of(
                                "ssh",
                                "-F",
                                "none",
                                "-i",
                                HOME.path().resolve("state/ssh/id_ed25519").toString(),
                                "-o",
                                "UserKnownHostsFile=" + directory + "/known_hosts",
                                "-o",
                                "HostKeyAlias=" + alias,
                                "-o",
                                "StrictHostKeyChecking=yes",
                                "-o",
                                "BatchMode=yes",
                                "-o",
                                "ConnectTimeout=30",
                                "-p",
                                Long.toString(Outcome.number(dev, "sshPort")),
                                "root@" + Outcome.text(dev, "address"),
                                "hostname"),
                        banger.environment())
                .run()
                .expect(0);

        assertThat(outcome.line()).as("VM " + id).isEqualTo("dev");
    }

    private static String firstWord(Path file) {
        try {
            return Files.readString(file).split("[ ,]")[0];
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
