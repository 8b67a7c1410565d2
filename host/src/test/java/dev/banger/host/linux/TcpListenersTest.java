package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TcpListenersTest {
    private static final String ADDRESS = "127.0.0.1";

    @ParameterizedTest
    @EnumSource(
            value = StandardProtocolFamily.class,
            names = {"INET", "INET6"})
    void aPortIsTheProcessThatListensOnIt(StandardProtocolFamily family) throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open(family)) {
            server.bind(new InetSocketAddress(InetAddress.ofLiteral(ADDRESS), 0));
            int port = server.socket().getLocalPort();

            TcpListeners now = TcpListeners.look();

            assertThat(now.isListening(ProcessHandle.current().pid(), ADDRESS, port))
                    .isTrue();
            assertThat(now.isListening(1, ADDRESS, port)).isFalse();
            assertThat(now.isTaken(ADDRESS, port)).isTrue();
            assertThat(now.isTaken("127.0.0.2", port)).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::"})
    void whoListensEverywhereHasThePortOfEachAddress(String everywhere) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.ofLiteral(everywhere))) {
            assertThat(TcpListeners.look().isTaken(ADDRESS, server.getLocalPort()))
                    .isTrue();
        }
    }

    @Test
    void aConnectionIsNoListener() {
        TcpListeners table =
                TcpListeners.of("""
                  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
                   0: %s 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
                   1: %s 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0 20 4 30 10 -1
                """.formatted(TcpListeners.key(ADDRESS, 80), TcpListeners.key(ADDRESS, 81)));

        assertThat(table.isTaken(ADDRESS, 80)).isTrue();
        assertThat(table.isTaken(ADDRESS, 81)).isFalse();
    }
}
