package dev.banger.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code vm cp} in both directions. */
@Order(80)
class CopyTest {
    @RegisterExtension
    static final BangerHome HOME = BangerHome.named("copy");

    private final Banger banger = HOME.banger();
    private final Path work = HOME.path().resolve("work");

    @BeforeAll
    void aVm() {
        banger.ok("vm", "create", "--name", "dev");
    }

    @BeforeEach
    void emptyDirectories() {
        BangerHome.Trees.delete(work);
        BangerHome.Trees.makeDirectory(work);
        banger.shell("dev", "rm -rf /root/* /tmp/c && mkdir /tmp/c");
    }

    private Outcome copy(String from, String to) {
        return banger.call("vm", "cp", from, to).in(work).run();
    }

    @Test
    void aFileGoesThereAndBackUnchanged() throws IOException {
        byte[] bytes = new byte[3 << 20];
        new Random(2).nextBytes(bytes);
        Files.write(work.resolve("data.bin"), bytes);

        copy("data.bin", "dev:/root/").expect(0);
        copy("data.bin", "dev:/root/renamed").expect(0);
        copy("dev:/root/renamed", "back.bin").expect(0);
        copy("dev:data.bin", "sub").expect(0);

        assertThat(work.resolve("back.bin")).hasBinaryContent(bytes);
        assertThat(work.resolve("sub")).hasBinaryContent(bytes);
        assertThat(banger.shell("dev", "ls /root")).isEqualTo("data.bin\nrenamed");
    }

    /** P18, P22. */
    @Test
    void aTreeKeepsModesLinksAndEmptyDirectories() throws IOException {
        Path tree = work.resolve("tree");
        Files.createDirectories(tree.resolve("inner/empty"));
        Files.writeString(tree.resolve("run.sh"), "#!/bin/sh\necho ran\n");
        Files.setPosixFilePermissions(tree.resolve("run.sh"), PosixFilePermissions.fromString("rwxr-x---"));
        Files.writeString(tree.resolve("inner/with space ä"), "content");
        Files.createSymbolicLink(tree.resolve("link"), Path.of("run.sh"));
        Files.createSymbolicLink(tree.resolve("dangling"), Path.of("/nowhere/at/all"));
        Files.setPosixFilePermissions(tree.resolve("inner"), PosixFilePermissions.fromString("rwx------"));

        copy("tree", "dev:/tmp/c/").expect(0);

        assertThat(banger.shell(
                        "dev",
                        "cd /tmp/c/tree && ./link && stat -c %a run.sh inner && readlink dangling && cat 'inner/with space ä'"
                                + " && ls -d inner/empty && stat -c %U run.sh"))
                .isEqualTo("ran\n750\n700\n/nowhere/at/all\ncontentinner/empty\nroot");

        copy("tree", "dev:/tmp/c/").expect(0);
        assertThat(banger.shell("dev", "ls /tmp/c/tree"))
                .as("a second time, not nested")
                .doesNotContain("tree");

        copy("dev:/tmp/c/tree", "back").expect(0);
        assertThat(Files.getPosixFilePermissions(work.resolve("back/run.sh")))
                .isEqualTo(PosixFilePermissions.fromString("rwxr-x---"));
        assertThat(Files.readSymbolicLink(work.resolve("back/dangling"))).isEqualTo(Path.of("/nowhere/at/all"));
        assertThat(work.resolve("back/inner/empty")).isEmptyDirectory();
        assertThat(work.resolve("back/inner/with space ä")).hasContent("content");
    }

    @Test
    void aTargetThatIsADirectoryGetsTheSourcePutIntoIt() throws IOException {
        Files.writeString(work.resolve("file"), "x");
        Files.createDirectory(work.resolve("here"));

        copy("file", "dev:/tmp/c").expect(0);
        copy("dev:/tmp/c/file", "here").expect(0);
        copy("dev:/etc/hostname", ".").expect(0);

        assertThat(banger.shell("dev", "ls /tmp/c")).isEqualTo("file");
        assertThat(work.resolve("here/file")).hasContent("x");
        assertThat(work.resolve("hostname")).hasContent("dev");
    }

    @Test
    void whatIsMissingIsNamedAndNothingIsMade() {
        copy("nothing-here", "dev:/root/").refused(125, "nothing-here");
        copy("dev:/no/such/file", "got").refused(125, "/no/such/file");
        copy("dev:/etc/hostname", "no/such/dir/x").refused(125, "no/such/dir");
        copy("one", "two").refused(2, "VM:PATH");

        assertThat(work).isEmptyDirectory();
    }

    /** T11, P83: names and links made by a hostile guest lead nowhere else. */
    @Test
    void linksInTheGuestDoNotLeadOutOfTheTarget() throws IOException {
        Path outside = Files.createDirectory(work.resolve("outside"));
        Files.writeString(outside.resolve("canary"), "untouched");
        banger.shell(
                "dev",
                "mkdir -p /tmp/c/evil && ln -s " + outside + " /tmp/c/evil/sub && ln -s " + outside
                        + "/canary /tmp/c/evil/file");
        copy("dev:/tmp/c/evil", "evil").expect(0);

        banger.shell("dev", "cd /tmp/c/evil && rm sub file && mkdir sub && echo pwned >sub/canary && echo pwned >file");
        Outcome second = copy("dev:/tmp/c/evil", "evil");

        assertThat(second.status()).as(second.toString()).isIn(0, 125);
        assertThat(outside.resolve("canary")).hasContent("untouched");
        assertThat(outside).isDirectoryContaining(path -> path.endsWith("canary"));
        assertThat(BangerHome.Trees.names(outside)).containsExactly("canary");
    }

    @Test
    void noSetUidBitComesOutOfAGuest() throws IOException {
        banger.shell("dev", "cp /bin/true /tmp/c/suid && chmod 6755 /tmp/c/suid");

        copy("dev:/tmp/c/suid", "suid").expect(0);

        assertThat((Integer) Files.getAttribute(work.resolve("suid"), "unix:mode") & 07000)
                .isZero();
    }

    @Test
    void aFullDiskInTheGuestIsSaid() throws IOException {
        Files.write(work.resolve("big"), new byte[8 << 20]);
        banger.shell("dev", "mkdir -p /mnt/small && mount -t tmpfs -o size=1m none /mnt/small");

        Outcome refused = copy("big", "dev:/mnt/small/");

        refused.refused(125, "No space left");
        banger.shell("dev", "umount /mnt/small");
    }
}
