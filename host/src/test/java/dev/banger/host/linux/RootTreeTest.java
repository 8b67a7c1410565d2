package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootTreeTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    private final ProgramRunner programs = new ProgramRunner(System.getenv());

    @TempDir
    Path directory;

    @Test
    void anInitIsFoundBehindLinksThatAreAbsoluteInTheRoot() throws Exception {
        Files.createDirectories(directory.resolve("usr/sbin"));
        Files.createDirectories(directory.resolve("usr/lib/systemd"));
        Files.createSymbolicLink(directory.resolve("sbin"), Path.of("usr/sbin"));
        Files.createSymbolicLink(directory.resolve("usr/sbin/init"), Path.of("/usr/lib/systemd/systemd"));
        assertThat(RootTree.hasInit(directory)).isFalse();

        Files.createFile(directory.resolve("usr/lib/systemd/systemd"));

        assertThat(RootTree.hasInit(directory)).isTrue();
    }

    @Test
    void noLinkLeadsOutOfTheRoot_P83() throws Exception {
        Path root = Files.createDirectories(directory.resolve("root"));
        Path outside = Files.createFile(directory.resolve("outside"));
        Files.createDirectories(root.resolve("sbin"));
        Files.createDirectories(root.resolve("bin"));
        Files.createSymbolicLink(root.resolve("sbin/init"), Path.of("../../outside"));
        Files.createSymbolicLink(root.resolve("bin/init"), outside);

        assertThat(RootTree.hasInit(root)).isFalse();
    }

    @Test
    void linksInACircleAreNoInit() throws Exception {
        Files.createDirectories(directory.resolve("sbin"));
        Files.createSymbolicLink(directory.resolve("sbin/init"), Path.of("/sbin/other"));
        Files.createSymbolicLink(directory.resolve("sbin/other"), Path.of("init"));

        assertThat(RootTree.hasInit(directory)).isFalse();
    }

    @Test
    void aFileSystemFillsItsFileAndIsCleanAndSparse_P10_P17() throws Exception {
        Path tree = Files.createDirectories(directory.resolve("tree/etc"));
        Path script = Files.writeString(tree.resolve("script"), "#!/bin/sh\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-x---"));
        Path file = directory.resolve("rootfs");
        long bytes = 4L << 30;

        new Ext4(programs).make(file, bytes, "banger-root", directory.resolve("tree"), java.util.List.of());

        String superblock = run("dumpe2fs", file.toString());
        assertThat(superblock).containsPattern("Block count: +" + bytes / 4096 + "\n");
        assertThat(superblock).containsPattern("Reserved block count: +0\n");
        assertThat(superblock).contains("banger-root");
        // The guest's kernel has no inode table left to zero, which would fill each VM's overlay.
        assertThat(superblock.lines().filter(line -> line.matches("Group [0-9]+: .*")))
                .allMatch(line -> line.contains("ITABLE_ZEROED"));
        assertThat(run("debugfs", "-R", "stat /etc/script", file.toString())).containsPattern("Mode: +0750");
        programs.run(Program.of(SOON, "e2fsck", "-fn", file.toString()));
        assertThat((Long) programs.run(Program.of(SOON, "du", "-k", file.toString()))
                        .text()
                        .transform(said -> Long.parseLong(said.split("\t")[0])))
                .isLessThan(8 * 1024L);
    }

    @Test
    void aClosedTreeIsGoneThoughTheThreadWasInterrupted() throws Exception {
        Path tree = Files.createDirectories(directory.resolve("tree/sub"));
        Files.createFile(tree.resolve("file"));

        Thread.currentThread().interrupt();
        new RootTree(programs, new UserNamespace(programs, true), directory.resolve("tree")).close();

        assertThat(Thread.interrupted()).isTrue();
        assertThat(directory.resolve("tree")).doesNotExist();
    }

    private String run(String... argv) {
        return programs.run(Program.of(SOON, argv)).text();
    }
}
