package dev.banger.host.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.ErrorCode;
import dev.banger.host.linux.Pidfd;
import dev.banger.host.linux.ProcFs;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.VmHandles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process is this one, its API a stand-in. */
class FirecrackerVmTest {
    @TempDir
    private Path directory;

    private FirecrackerVm vm() {
        long pid = ProcessHandle.current().pid();
        long startTicks = ProcFs.stat(pid).orElseThrow().startTicks();
        return new FirecrackerVm(
                VmHandles.ofProcess(pid, startTicks, "firecracker", "kvm", 22, List.of()),
                Pidfd.open(pid, startTicks).orElseThrow(),
                directory,
                Specimen.runtime(directory));
    }

    private StandIn answering(Function<String, String> answer) throws IOException {
        return new StandIn(directory.resolve("api.sock"), answer);
    }

    private Disk disk(String serial, String file) throws IOException {
        Path path = directory.resolve(file);
        return new Disk(Files.exists(path) ? path : Files.createFile(path), "raw", serial, false);
    }

    private Path linked(String serial) throws IOException {
        return Files.readSymbolicLink(directory.resolve(serial + ".disk"));
    }

    @Test
    void aPausedGuestIsLeftAsItIs() throws Exception {
        try (StandIn firecracker = answering(request -> request.startsWith("GET / ")
                        ? StandIn.http(200, "{\"state\":\"Paused\"}")
                        : StandIn.http(204, ""));
                FirecrackerVm vm = vm()) {
            vm.pause();
            vm.resume();

            assertThat(firecracker.requests().stream().filter(request -> !request.startsWith("GET ")))
                    .singleElement()
                    .asString()
                    .startsWith("PATCH /vm ")
                    .contains("Resumed");
        }
    }

    @Test
    void disksOfTheDirectoryAreLinkedFromThereAndOthersByTheirPath() throws Exception {
        FirecrackerVm.link(directory, disk("root", "root.raw"));
        FirecrackerVm.link(directory, new Disk(Path.of("/dev/mapper/some"), "raw", "work", false));
        FirecrackerVm.link(directory, disk("root", "root.2.raw"));

        assertThat(linked("root")).isEqualTo(Path.of("root.2.raw"));
        assertThat(linked("work")).isEqualTo(Path.of("/dev/mapper/some"));
    }

    @Test
    void whereOneDiskCannotBeSwitchedNoneIs() throws Exception {
        FirecrackerVm.link(directory, disk("work", "work.raw"));
        FirecrackerVm.link(directory, disk("root", "root.raw"));
        try (StandIn firecracker =
                        answering(request -> request.startsWith("PATCH /drives/root") && linksTo("root", "root.2.raw")
                                ? StandIn.http(400, "{\"fault_message\":\"no such disk\"}")
                                : StandIn.http(204, ""));
                FirecrackerVm vm = vm()) {
            assertThatThrownBy(() -> vm.switchDisks(List.of(disk("work", "work.2.raw"), disk("root", "root.2.raw"))))
                    .hasMessageContaining("no such disk");

            assertThat(linked("work")).isEqualTo(Path.of("work.raw"));
            assertThat(linked("root")).isEqualTo(Path.of("root.raw"));
            assertThat(firecracker.requests()).hasSize(4);
        }
    }

    private boolean linksTo(String serial, String file) {
        try {
            return linked(serial).equals(Path.of(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void itWritesToTheFilesItHasOpen() throws Exception {
        Disk open = disk("root", "root.raw");
        Disk other = disk("root", "root.2.raw");
        FirecrackerVm.link(directory, other);
        try (FileChannel channel = FileChannel.open(open.file(), StandardOpenOption.WRITE);
                FirecrackerVm vm = vm()) {
            assertThat(channel.isOpen()).isTrue();
            assertThat(vm.writesTo(open)).isTrue();
            assertThat(vm.writesTo(other)).isFalse();
        }
    }

    @Test
    void aFullDiskIsToldAsSuch() throws Exception {
        try (StandIn firecracker = answering(request -> StandIn.http(
                        400,
                        "{\"fault_message\":\"Create snapshot error: Cannot write the memory file: No space left on"
                                + " device (os error 28)\"}"));
                FirecrackerVm vm = vm()) {
            assertThatThrownBy(() -> vm.save(directory.resolve("memory"), directory.resolve("state")))
                    .hasMessageContaining("No space left on device")
                    .extracting("code")
                    .isEqualTo(ErrorCode.RESOURCE_EXHAUSTED);
            assertThat(firecracker.requests()).hasSize(1);
        }
    }

    @Test
    void itsLogTellsThatTheGuestShutDown() throws Exception {
        Path log = directory.resolve("vmm.log");
        try (FirecrackerVm vm = vm()) {
            assertThat(vm.exitReason()).isEmpty();
            Files.writeString(log, "[banger-1:main] Firecracker exiting with error. exit_code=148\n");
            assertThat(vm.exitReason()).isEmpty();
            Files.writeString(log, "[banger-1:main] Firecracker exiting successfully. exit_code=0\n");
            assertThat(vm.exitReason()).isEqualTo("the guest shut down");
        }
    }

    @Test
    void afterAMoveItIsReachedInItsNewDirectory() throws Exception {
        Path moved = Files.createDirectory(directory.resolve("moved"));
        try (FirecrackerVm vm = vm()) {
            vm.movedTo(moved);
            try (StandIn firecracker =
                    new StandIn(moved.resolve("api.sock"), request -> StandIn.http(200, "{\"state\":\"Running\"}"))) {
                assertThat(vm.isPaused()).isFalse();
                assertThat(firecracker.requests()).hasSize(1);
            }
        }
    }
}
