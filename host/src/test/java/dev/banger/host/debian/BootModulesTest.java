package dev.banger.host.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.banger.api.BangerException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class BootModulesTest {
    @TempDir
    Path directory;

    private Path tree;

    @BeforeEach
    void aTreeAsDepmodLeavesIt() throws IOException {
        tree = Files.createDirectories(directory.resolve("tree"));
        for (String name : List.of("virtio", "virtio_ring", "virtio-rng", "failover", "net_failover")) {
            Files.writeString(tree.resolve(name + ".ko"), "module " + name);
        }
        try (OutputStream xz =
                new XZOutputStream(Files.newOutputStream(tree.resolve("virtio_net.ko.xz")), new LZMA2Options())) {
            xz.write("module virtio_net".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        Files.writeString(tree.resolve("modules.builtin"), "kernel/fs/ext4/ext4.ko\n");
        Files.writeString(tree.resolve("modules.dep"), """
                virtio.ko: virtio_ring.ko
                virtio_ring.ko:
                virtio-rng.ko: virtio.ko virtio_ring.ko
                failover.ko:
                net_failover.ko: failover.ko
                virtio_net.ko.xz: net_failover.ko failover.ko virtio.ko virtio_ring.ko
                """);
    }

    @Test
    void modulesAreLoadedAfterThoseTheyDependOnAndOnce() throws IOException {
        List<String> names = new BootModules(tree)
                .copyTo(directory.resolve("boot"), "modules.load", List.of("virtio_net", "virtio_rng"));

        assertThat(names)
                .containsExactly("virtio_ring", "virtio", "failover", "net_failover", "virtio_net", "virtio_rng");
        assertThat(Files.readAllLines(directory.resolve("boot/modules.load"))).isEqualTo(names);
        assertThat(directory.resolve("boot/virtio_rng.ko")).hasContent("module virtio-rng");
    }

    @Test
    void compressedModulesAreUnpacked() {
        new BootModules(tree).copyTo(directory.resolve("boot"), "modules.load", List.of("virtio_net"));

        assertThat(directory.resolve("boot/virtio_net.ko")).hasContent("module virtio_net");
    }

    @Test
    void whatIsBuiltIntoTheKernelIsLeftOut() {
        assertThat(new BootModules(tree).copyTo(directory.resolve("boot"), "modules.load", List.of("ext4", "failover")))
                .containsExactly("failover");
    }

    @Test
    void aKernelWithoutAWantedModuleIsRefused() {
        assertThatExceptionOfType(BangerException.class)
                .isThrownBy(() ->
                        new BootModules(tree).copyTo(directory.resolve("boot"), "modules.load", List.of("virtio_blk")))
                .withMessageContaining("virtio_blk");
    }
}
