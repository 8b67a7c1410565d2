package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.ImageBuild;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.UserNamespace;
import dev.banger.image.RootfsBuilder.Built;
import dev.banger.operation.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds the real image from Debian's archive: a minute or two and 150 MB. Means the same as root and as any other user. */
class DebianImageBuilderIT {
    private final ProgramRunner programs = new ProgramRunner(System.getenv());

    @TempDir
    Path directory;

    @Test
    void anImageIsBuiltWithTheOwnersAndSettingsOfASandbox() throws Exception {
        Path staging = Files.createDirectory(directory.resolve("staging"));

        Built built = new DebianImageBuilder(programs, UserNamespace.of(programs))
                .build(new ImageBuild(null, "debian", null, List.of("tree"), false), staging, Progress.none());

        assertThat(built.source()).matches("debian [a-z]+, [0-9]+ packages");
        assertThat(built.hasInit()).isTrue();
        try (var files = Files.list(staging)) {
            assertThat(files).containsExactly(staging.resolve("rootfs"));
        }
        run("e2fsck", "-fn", rootfs());
        assertThat(Files.size(staging.resolve("rootfs"))).isEqualTo(built.virtualBytes());
        assertThat(debugfs("stat /usr/bin/sudo"))
                .containsPattern("Mode: +04755")
                .containsPattern("User: +0 ");
        assertThat(debugfs("stat /etc/shadow")).containsPattern("Mode: +0640").containsPattern("Group: +42 ");
        assertThat(debugfs("stat /usr/bin/tree")).contains("Type: regular");
        assertThat(debugfs("ea_list /usr/bin/ping")).contains("security.capability");
        assertThat(debugfs("ls -p /etc/ssh")).doesNotContain("ssh_host_");
        assertThat(debugfs("cat /etc/machine-id")).isEmpty();
        assertThat(debugfs("cat /etc/apt/sources.list")).startsWith("deb ").contains(" main");
        assertThat(debugfs("ls -p /etc/apt/apt.conf.d")).doesNotContain("mmdebstrap");
        assertThat(debugfs("ls -p /var/cache/apt/archives")).doesNotContain(".deb");
    }

    private String rootfs() {
        return directory.resolve("staging/rootfs").toString();
    }

    private String debugfs(String command) {
        return run("debugfs", "-R", command, rootfs());
    }

    private String run(String... argv) {
        return programs.run(Program.of(Duration.ofMinutes(2), argv)).text();
    }
}
