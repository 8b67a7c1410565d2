package dev.banger.host.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageBuild;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.UserNamespace;
import dev.banger.image.RootfsBuilder.Built;
import dev.banger.operation.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarRootfsBuilderTest {
    private final ProgramRunner programs = new ProgramRunner(System.getenv());
    private final TarRootfsBuilder builder = new TarRootfsBuilder(programs, UserNamespace.of(programs));

    @TempDir
    Path directory;

    private Path staging;
    private Path tar;

    @BeforeEach
    void anEmptyStaging() throws IOException {
        staging = Files.createDirectory(directory.resolve("staging"));
        tar = directory.resolve("root.tar");
    }

    @Test
    void ownersModesAndAttributesSurvive_P12_P13() throws Exception {
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(Files.newOutputStream(tar))) {
            directory(out, "./", 0755, 0, 0);
            directory(out, "./bin/", 0755, 0, 0);
            file(out, "./bin/su", 04755, 0, 0, "su");
            directory(out, "./home/user/", 0750, 1000, 1001);
            file(out, "./home/user/secret", 0600, 1000, 1001, "secret");
            TarArchiveEntry capable = entry("./bin/ping", 0755, 0, 0);
            capable.addPaxHeader("SCHILY.xattr.user.note", "kept");
            put(out, capable, "ping");
            TarArchiveEntry link = new TarArchiveEntry("./sbin", TarConstants.LF_SYMLINK);
            link.setLinkName("bin");
            out.putArchiveEntry(link);
            out.closeArchiveEntry();
            file(out, "./bin/init", 0755, 0, 0, "init");
        }

        Built built = build();

        assertThat(built).isEqualTo(new Built("tar root.tar", true, 10L << 30));
        assertThat(stat("/bin/su"))
                .contains("Type: regular")
                .containsPattern("Mode: +04755")
                .containsPattern("User: +0 +Group: +0 ");
        assertThat(stat("/home/user"))
                .contains("Type: directory")
                .containsPattern("Mode: +0750")
                .containsPattern("User: +1000 +Group: +1001 ");
        assertThat(stat("/home/user/secret"))
                .containsPattern("Mode: +0600")
                .containsPattern("User: +1000 +Group: +1001 ");
        assertThat(stat("/sbin")).contains("Type: symlink").contains("Fast link dest: \"bin\"");
        assertThat(debugfs("ea_get /bin/ping user.note")).contains("kept");
        assertThat(stat("/")).contains("Type: directory").containsPattern("User: +0 +Group: +0 ");
        programs.run(Program.of(
                Duration.ofSeconds(60),
                "e2fsck",
                "-fn",
                staging.resolve("rootfs").toString()));
    }

    @Test
    void namesThatDebugfsCannotQuoteSurvive_P14() throws Exception {
        String name = "etc/a \"quoted\"\nrm /etc/passwd";
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(Files.newOutputStream(tar))) {
            file(out, name, 0644, 0, 0, "odd");
            file(out, "etc/passwd", 0644, 0, 0, "root");
        }

        build();

        assertThat(debugfs("ls -p /etc")).contains("a \"quoted\"").contains("/passwd/");
    }

    @Test
    void aNameThatLeadsOutOfTheTreeDoesNotReachTheHost_P83() throws Exception {
        Path outside = directory.resolve("outside");
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(Files.newOutputStream(tar))) {
            TarArchiveEntry link = new TarArchiveEntry("trap", TarConstants.LF_SYMLINK);
            link.setLinkName(directory.toString());
            out.putArchiveEntry(link);
            out.closeArchiveEntry();
            file(out, "trap/outside", 0644, 0, 0, "escaped");
        }

        assertThatExceptionOfType(BangerException.class).isThrownBy(this::build);

        assertThat(outside).doesNotExist();
        assertThat(staging).isEmptyDirectory();
    }

    @Test
    void deviceNodesAreLeftOut() throws Exception {
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(Files.newOutputStream(tar))) {
            directory(out, "dev/", 0755, 0, 0);
            TarArchiveEntry node = new TarArchiveEntry("dev/console", TarConstants.LF_CHR);
            node.setDevMajor(5);
            node.setDevMinor(1);
            out.putArchiveEntry(node);
            out.closeArchiveEntry();
            file(out, "bin/sh", 0755, 0, 0, "sh");
        }

        Built built = build();

        assertThat(built.hasInit()).isFalse();
        assertThat(debugfs("ls -p /dev")).doesNotContain("console");
    }

    @Test
    void whatIsNoTarIsRefusedAndNothingIsLeft() throws Exception {
        Files.writeString(tar, "this is not a tar archive, however long one makes it");

        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(this::build)
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.HOST_COMMAND_FAILED));

        assertThat(staging).isEmptyDirectory();
    }

    @Test
    void aMissingTarAndAMissingPathAreTold() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(this::build)
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND))
                .withMessageContaining(tar.toString());
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() ->
                        builder.build(new ImageBuild(null, "tar", null, List.of(), false), staging, Progress.none()))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
    }

    private Built build() {
        return builder.build(new ImageBuild(null, "tar", tar.toString(), List.of(), false), staging, Progress.none());
    }

    private String stat(String file) {
        return debugfs("stat " + file);
    }

    private String debugfs(String command) {
        return programs.run(Program.of(
                        Duration.ofSeconds(20),
                        "debugfs",
                        "-R",
                        command,
                        staging.resolve("rootfs").toString()))
                .text();
    }

    private static void directory(TarArchiveOutputStream out, String name, int mode, int uid, int gid)
            throws IOException {
        out.putArchiveEntry(entry(name, mode, uid, gid));
        out.closeArchiveEntry();
    }

    private static void file(TarArchiveOutputStream out, String name, int mode, int uid, int gid, String content)
            throws IOException {
        put(out, entry(name, mode, uid, gid), content);
    }

    private static void put(TarArchiveOutputStream out, TarArchiveEntry entry, String content) throws IOException {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        entry.setSize(bytes.length);
        out.putArchiveEntry(entry);
        out.write(bytes);
        out.closeArchiveEntry();
    }

    private static TarArchiveEntry entry(String name, int mode, int uid, int gid) {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setMode(mode);
        entry.setIds(uid, gid);
        return entry;
    }
}
