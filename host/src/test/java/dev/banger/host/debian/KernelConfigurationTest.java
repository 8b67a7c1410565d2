package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelConfigurationTest {
    @TempDir
    Path directory;

    /** What a boot, Docker (its check-config.sh calls these necessary) and VMs inside need. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "PVH VIRTIO_MMIO VIRTIO_PCI VIRTIO_BLK VIRTIO_NET VIRTIO_CONSOLE VIRTIO_VSOCKETS HW_RANDOM_VIRTIO",
                "EXT4_FS SQUASHFS SQUASHFS_LZ4 OVERLAY_FS FUSE_FS TUN WIREGUARD KVM_INTEL KVM_AMD DEVTMPFS BLK_DEV_INITRD",
                "NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CGROUPS CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER CGROUP_SCHED CPUSETS",
                "MEMCG KEYS VETH BRIDGE BRIDGE_NETFILTER IP_NF_FILTER IP_NF_MANGLE IP_NF_TARGET_MASQUERADE",
                "NETFILTER_XT_MATCH_ADDRTYPE NETFILTER_XT_MATCH_CONNTRACK NETFILTER_XT_MATCH_IPVS NETFILTER_XT_MARK IP_NF_RAW",
                "IP_NF_NAT NF_NAT POSIX_MQUEUE CGROUP_BPF NF_TABLES NFT_COMPAT NFT_CT NFT_NAT NFT_MASQ NFT_FIB_INET"
            })
    void aSandboxHasWhatItsGuestsNeed(String names) {
        assertThat(KernelConfiguration.sandbox().names()).contains(names.split(" "));
    }

    @Test
    void nothingOfItIsAModule() {
        assertThat(KernelConfiguration.sandbox().text()).doesNotContain("=m\n");
    }

    @Test
    void aUsersLinesGoBeforeOurs() {
        KernelConfiguration ours = KernelConfiguration.parse("CONFIG_A=y\n# why\n\nCONFIG_B=\"x\"\n", "ours");
        KernelConfiguration users = KernelConfiguration.parse("# CONFIG_A is not set\nCONFIG_C=7\n", "users");

        assertThat(ours.with(users).text()).isEqualTo("# CONFIG_A is not set\nCONFIG_B=\"x\"\nCONFIG_C=7\n");
    }

    @Test
    void aLineThatIsNoneIsToldWithItsPlace() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() -> KernelConfiguration.parse("CONFIG_A=y\nA=y\n", "mine.config"))
                .withMessageContaining("mine.config:2: ");
    }

    @Test
    void whatTheKernelMadeOtherwiseIsToldUnlessItHasNoSuchOption() {
        KernelConfiguration wanted =
                KernelConfiguration.parse("CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\nCONFIG_OLD_NAME=y\n", "x");
        KernelConfiguration made = KernelConfiguration.parse("CONFIG_A=y\n# CONFIG_B is not set\n", "y");

        assertThat(wanted.refusedBy(made, Set.of("A", "B", "C"))).containsExactly("CONFIG_B=y (it is n)");
    }

    @Test
    void theNamesAKernelKnowsAreInItsKconfigFiles() throws IOException {
        Files.createDirectories(directory.resolve("net"));
        Files.writeString(directory.resolve("Kconfig"), "config A\n\tbool\nmenuconfig B\n# config NO\n");
        Files.writeString(directory.resolve("net/Kconfig.debug"), "\tconfig C\n\tdepends on D\n");
        Files.writeString(directory.resolve("net/other"), "config NO\n");

        assertThat(KernelConfiguration.known(directory)).containsExactlyInAnyOrder("A", "B", "C");
    }
}
