package dev.banger.host.firecracker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.firecracker.FirecrackerApi.Request;
import dev.banger.vm.Vmm.Attachment;
import dev.banger.vm.Vmm.BootSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FirecrackerMachineTest {
    private static final BootSpec SPEC = Specimen.spec(Specimen.DIRECTORY);

    private static Map<String, Object> body(List<Request> requests, String path) {
        return requests.stream()
                .filter(request -> request.path().equals(path))
                .findFirst()
                .orElseThrow()
                .body();
    }

    private static BootSpec connectedTo(Attachment network) {
        return new BootSpec(
                SPEC.vmId(),
                SPEC.name(),
                SPEC.directory(),
                SPEC.cpus(),
                SPEC.memoryMiB(),
                SPEC.acceleration(),
                SPEC.nested(),
                SPEC.kernel(),
                SPEC.initramfs(),
                SPEC.disks(),
                network,
                SPEC.runtime());
    }

    @Test
    void theProcessIsMarkedAndItsSocketsAndLogsAreInTheVmsDirectory() {
        List<String> command = FirecrackerMachine.command("/usr/bin/firecracker", SPEC);

        assertThat(command)
                .containsSequence("--id", "banger-0123456789ab")
                .containsSequence("--log-path", "/dev/stderr");
        assertThat(command.get(command.indexOf("--api-sock") + 1)).doesNotContain("/");
        assertThat(new FirecrackerProcesses().marked(command)).hasValueSatisfying(marked -> {
            assertThat(marked.vmId()).isEqualTo("0123456789ab");
            assertThat(marked.vmm()).isEqualTo("firecracker");
        });
    }

    @Test
    void otherProcessesAreNotTakenForVms() {
        FirecrackerProcesses processes = new FirecrackerProcesses();
        assertThat(processes.marked(List.of())).isEmpty();
        assertThat(processes.marked(List.of("firecracker", "--id", "anonymous-instance")))
                .isEmpty();
        assertThat(processes.marked(List.of("firecracker", "--api-sock", "x"))).isEmpty();
        assertThat(processes.marked(List.of("/bin/sleep", "--id", "banger-0123456789ab")))
                .isEmpty();
        assertThat(processes.marked(List.of("qemu-system-x86_64", "-name", "banger-0123456789ab")))
                .isEmpty();
    }

    @Test
    void disksComeInTheOrderInWhichTheGuestIsToldToFindThem() {
        List<Request> requests = FirecrackerMachine.boot(SPEC);

        assertThat(requests.stream().map(Request::path).filter(path -> path.startsWith("/drives/")))
                .containsExactly("/drives/root", "/drives/work", "/drives/modules");
        assertThat(String.valueOf(body(requests, "/boot-source").get("boot_args")))
                .contains(" banger.disks=root,work,modules ")
                .contains(" banger.vsock=1024")
                .contains(" reboot=k ");
        assertThat(body(requests, "/drives/root")).containsEntry("path_on_host", "root.disk");
        assertThat(body(requests, "/drives/modules")).containsEntry("is_read_only", true);
        assertThat(requests.getLast().body()).containsEntry("action_type", "InstanceStart");
    }

    /** A saved machine has the paths of its disks and its vsock in it. */
    @Test
    void whatASavedMachineFindsAgainIsNamedFromItsDirectory() {
        List<Request> requests = FirecrackerMachine.boot(SPEC);

        assertThat(requests.stream()
                        .filter(request -> request.path().startsWith("/drives/"))
                        .map(request -> Path.of(String.valueOf(request.body().get("path_on_host")))))
                .noneMatch(Path::isAbsolute);
        assertThat(body(requests, "/vsock")).containsEntry("uds_path", "agent.sock");
    }

    @Test
    void aMachineThatIsConnectedToNothingHasATapOfItsOwn() {
        BootSpec alone = connectedTo(new Attachment("", "02:62:00:00:00:01", 0, List.of(), null));

        assertThat(body(FirecrackerMachine.boot(alone), "/network-interfaces/net"))
                .containsEntry("host_dev_name", "bnone-01234567");
        assertThat(body(FirecrackerMachine.boot(SPEC), "/network-interfaces/net"))
                .containsEntry("host_dev_name", "bang-test");
    }

    @Test
    void aRestoredMachineHasItsOwnTap() {
        assertThat(FirecrackerMachine.load(SPEC, Path.of("/t/memory"), Path.of("/t/state"))
                        .body()
                        .get("network_overrides"))
                .isEqualTo(List.of(Map.of("iface_id", "net", "host_dev_name", "bang-test")));
    }
}
