package dev.banger.host.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolvConfTest {
    @TempDir
    private Path directory;

    private static List<String> hosts(List<InetSocketAddress> resolvers) {
        assertThat(resolvers).allSatisfy(each -> assertThat(each.getPort()).isEqualTo(53));
        return resolvers.stream()
                .map(each -> each.getAddress().getHostAddress())
                .toList();
    }

    @Test
    void resolversAreReadAsTheLibraryReadsThem() {
        assertThat(hosts(ResolvConf.parse("""
                        # nameserver 192.0.2.9
                        search example.com
                        nameserver 192.0.2.1
                          nameserver\t2001:db8::1   trailing words
                        nameserver not-an-address
                        nameserver
                        options edns0
                        nameserver 127.0.0.53
                        nameserver 192.0.2.4
                        """))).containsExactly("192.0.2.1", "2001:db8:0:0:0:0:0:1", "127.0.0.53");
    }

    @Test
    void aChangedFileIsReadAgain() throws Exception {
        Path file = directory.resolve("resolv.conf");
        ResolvConf conf = new ResolvConf(file);
        assertThat(conf.get()).isEmpty();

        Files.writeString(file, "nameserver 192.0.2.1\n");
        assertThat(hosts(conf.get())).containsExactly("192.0.2.1");
        assertThat(conf.get()).isSameAs(conf.get());

        // As DHCP clients do it: another file by rename.
        Files.writeString(directory.resolve("new"), "nameserver 192.0.2.2\nnameserver 127.0.0.1\n");
        Files.move(directory.resolve("new"), file, StandardCopyOption.ATOMIC_MOVE);
        assertThat(hosts(conf.get())).containsExactly("192.0.2.2", "127.0.0.1");
        assertThat(hosts(conf.onLoopback().toList())).containsExactly("127.0.0.1");

        Files.delete(file);
        assertThat(conf.get()).isEmpty();
    }
}
