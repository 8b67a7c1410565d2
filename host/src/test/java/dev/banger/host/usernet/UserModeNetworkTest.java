package dev.banger.host.usernet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.PublishedPort;
import dev.banger.testkit.Records;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmSpec;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class UserModeNetworkTest {
    private final UserModeNetwork network = new UserModeNetwork(Path.of("/vms"));

    private static VmRecord publishing(int hostPort) {
        VmRecord vm = Records.vm("dev", 77);
        VmSpec spec = vm.spec();
        return vm.with(new VmSpec(
                spec.image(),
                spec.imageDigest(),
                spec.kernel(),
                spec.cpus(),
                spec.memoryMiB(),
                spec.workDiskBytes(),
                null,
                "user",
                List.of(PublishedPort.ofVm(hostPort, 80)),
                false,
                0,
                false,
                List.of(),
                0,
                false,
                null,
                null));
    }

    @Test
    void everyVmHasALoopbackAddressOfItsOwn() {
        Set<String> taken = new HashSet<>();
        for (int i = 0; i < 600; i++) {
            String address = network.addresses(Set.of(), taken).hostAddress();
            assertThat(address).matches("127\\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\\.[0-9]+\\.[0-9]+");
            assertThat(taken.add(address)).isTrue();
        }
    }

    @Test
    void aTakenPortIsRefusedBeforeAnythingStarts() throws Exception {
        VmRecord vm = publishing(18080);
        try (ServerSocket other =
                new ServerSocket(18080, 1, InetAddress.getByName(vm.runtime().hostAddress()))) {
            assertThat(other.isBound()).isTrue();
            assertThatThrownBy(() -> network.attach(vm))
                    .isInstanceOfSatisfying(
                            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
                    .hasMessageContaining("18080");
        }
        assertThat(network.attach(vm).ports()).containsExactly(PublishedPort.ofVm(18080, 80));
    }

    @Test
    void sshGetsAnotherPortWhereItsOwnIsTaken() throws Exception {
        VmRecord vm = publishing(18081);
        try (ServerSocket sshd =
                new ServerSocket(2222, 1, InetAddress.getByName(vm.runtime().hostAddress()))) {
            assertThat(sshd.isBound()).isTrue();
            assertThat(network.attach(vm).sshPort()).isNotEqualTo(2222);
        }
        assertThat(network.attach(publishing(22)).sshPort()).isNotEqualTo(22);
    }
}
