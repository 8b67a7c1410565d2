package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlGroupTest {
    @TempDir
    private Path directory;

    private Path mount;
    private Path membership;

    @BeforeEach
    void aHostWithGroups() throws IOException {
        mount = Files.createDirectories(directory.resolve("mount"));
        Files.createDirectories(mount.resolve("user.slice/session-1.scope"));
        Files.writeString(mount.resolve("cgroup.controllers"), "cpu memory pids\n");
        membership =
                Files.writeString(directory.resolve("cgroup"), "1:name=systemd:/x\n0::/user.slice/session-1.scope\n");
    }

    @Test
    void theTightestLimitOnTheWayUpCounts() throws IOException {
        Files.writeString(mount.resolve("user.slice/memory.max"), "536870912\n");
        Files.writeString(mount.resolve("user.slice/session-1.scope/memory.max"), "max\n");

        assertThat(ControlGroup.of(membership, mount)).isEqualTo(new ControlGroup("/user.slice/session-1.scope", 512));
    }

    @Test
    void withoutLimitsThereIsNone() throws IOException {
        Files.writeString(membership, "0::/\n");

        assertThat(ControlGroup.of(membership, mount)).isEqualTo(new ControlGroup("/", ControlGroup.UNLIMITED));
    }

    @Test
    void aHostWithoutVersion2HasNoGroup() throws IOException {
        Files.delete(mount.resolve("cgroup.controllers"));

        assertThat(ControlGroup.of(membership, mount).path()).isEmpty();
    }
}
