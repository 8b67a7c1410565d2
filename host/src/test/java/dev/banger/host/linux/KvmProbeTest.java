package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvmProbeTest {
    @TempDir
    private Path directory;

    /** A probe on a host that has a device, where banger-launch does what {@code script} says. */
    private KvmProbe probe(String script) throws IOException {
        Path launcher = directory.resolve("launcher");
        Files.writeString(launcher, "#!/bin/sh\necho >> " + directory.resolve("runs") + "\n" + script + "\n");
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
        return new KvmProbe(
                new ProgramRunner(System.getenv()),
                launcher,
                Files.createFile(directory.resolve("kvm")),
                Duration.ofSeconds(5));
    }

    @Test
    void kvmWorksWhereTheTestGuestRuns() throws IOException {
        assertThat(probe("[ \"$*\" = --kvm ] && echo works").obstacle()).isEmpty();
    }

    @Test
    void aDeviceOnWhichNoGuestRunsIsRefusedWithTheReasonAndTriedOnce() throws IOException {
        KvmProbe probe = probe("echo 'banger-launch: KVM cannot run a guest' >&2; exit 125");
        assertThat(probe.obstacle())
                .isEqualTo(directory.resolve("kvm")
                        + " is there, but a test guest does not run on it: KVM cannot run a guest");
        assertThat(probe.obstacle()).isNotEmpty();
        assertThat(Files.readAllLines(directory.resolve("runs"))).hasSize(1);
    }

    @Test
    void aTestGuestThatNeverEndsIsNotWaitedFor() throws IOException {
        assertThat(probe("exec sleep 60").obstacle()).contains("does not run on it");
    }

    @Test
    void guestsRunVmsWhereTheModuleLetsThem() throws IOException {
        assertThat(KvmProbe.nestedObstacle(directory)).contains("neither");
        Path parameter =
                Files.createDirectories(directory.resolve("kvm_amd/parameters")).resolve("nested");

        Files.writeString(parameter, "0\n");
        assertThat(KvmProbe.nestedObstacle(directory)).contains("modprobe kvm_amd nested=1");

        Files.writeString(parameter, "1\n");
        assertThat(KvmProbe.nestedObstacle(directory)).isEmpty();
    }

    @Test
    void withoutADeviceKvmIsRefusedWithAReason() {
        KvmProbe probe = new KvmProbe(
                new ProgramRunner(System.getenv()),
                directory.resolve("launcher"),
                directory.resolve("none"),
                Duration.ofSeconds(5));
        assertThat(probe.obstacle()).startsWith("there is no " + directory.resolve("none"));
    }
}
