package dev.banger.host.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.network.Uplink;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code ip -4 -json route show} (iproute2 6.1) prints in namespaces that were given the routes of such hosts, and where they lead. */
class UplinkTest {
    static Stream<Arguments> tables() {
        return Stream.of(
                Arguments.of("a laptop with wire and radio: the lower metric", "enp0s31f6", """
                        [{"dst":"default","gateway":"192.168.1.1","dev":"enp0s31f6","protocol":"dhcp","prefsrc":"192.168.1.40","metric":100,"flags":[]},
                        {"dst":"default","gateway":"192.168.1.1","dev":"wlp2s0","protocol":"dhcp","prefsrc":"192.168.1.23","metric":600,"flags":[]},
                        {"dst":"192.168.1.0/24","dev":"enp0s31f6","protocol":"kernel","scope":"link","prefsrc":"192.168.1.40","metric":100,"flags":[]},
                        {"dst":"192.168.1.0/24","dev":"wlp2s0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.23","metric":600,"flags":[]}]"""),
                Arguments.of("a server whose gateway is outside of its subnet", "eth0", """
                        [{"dst":"default","gateway":"203.0.113.1","dev":"eth0","flags":["onlink"]}]"""),
                Arguments.of("no metric is the lowest metric", "eth1", """
                        [{"dst":"default","gateway":"10.1.0.1","dev":"eth1","protocol":"static","flags":[]},
                        {"dst":"default","gateway":"10.0.0.1","dev":"eth0","protocol":"static","metric":50,"flags":[]},
                        {"dst":"10.0.0.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"10.0.0.2","flags":[]},
                        {"dst":"10.1.0.0/24","dev":"eth1","protocol":"kernel","scope":"link","prefsrc":"10.1.0.2","flags":[]}]"""),
                Arguments.of("two defaults of one metric: the first", "eth0", """
                        [{"dst":"default","gateway":"10.0.0.1","dev":"eth0","metric":100,"flags":[]},
                        {"dst":"default","gateway":"10.1.0.1","dev":"eth1","metric":100,"flags":[]},
                        {"dst":"10.0.0.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"10.0.0.2","flags":[]},
                        {"dst":"10.1.0.0/24","dev":"eth1","protocol":"kernel","scope":"link","prefsrc":"10.1.0.2","flags":[]}]"""),
                Arguments.of("no default route", "", """
                        [{"dst":"192.168.1.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.40","flags":[]}]"""),
                Arguments.of("no route at all", "", """
                        []"""),
                Arguments.of("OpenVPN with redirect-gateway def1", "tun0", """
                        [{"dst":"0.0.0.0/1","gateway":"10.8.0.1","dev":"tun0","flags":[]},
                        {"dst":"default","gateway":"192.168.1.1","dev":"wlp2s0","protocol":"dhcp","metric":600,"flags":[]},
                        {"dst":"10.8.0.0/24","dev":"tun0","protocol":"kernel","scope":"link","prefsrc":"10.8.0.2","flags":[]},
                        {"dst":"128.0.0.0/1","gateway":"10.8.0.1","dev":"tun0","flags":[]},
                        {"dst":"192.168.1.0/24","dev":"wlp2s0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.23","flags":[]},
                        {"dst":"198.51.100.7","gateway":"192.168.1.1","dev":"wlp2s0","flags":[]}]"""),
                Arguments.of("one half alone is no default route", "eth0", """
                        [{"dst":"0.0.0.0/1","gateway":"10.8.0.1","dev":"tun0","flags":[]},
                        {"dst":"default","gateway":"192.168.1.1","dev":"eth0","flags":[]},
                        {"dst":"10.8.0.0/24","dev":"tun0","protocol":"kernel","scope":"link","prefsrc":"10.8.0.2","flags":[]},
                        {"dst":"192.168.1.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.23","flags":[]}]"""),
                Arguments.of("a VPN that is the default route, without a gateway", "wg0", """
                        [{"dst":"default","dev":"wg0","scope":"link","metric":50,"flags":[]},
                        {"dst":"default","gateway":"192.168.1.1","dev":"eth0","protocol":"dhcp","metric":100,"flags":[]},
                        {"dst":"192.168.1.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.23","flags":[]}]"""),
                Arguments.of("a cable that is pulled out", "wlan0", """
                        [{"dst":"default","gateway":"192.168.1.1","dev":"eth0","protocol":"dhcp","metric":100,"flags":["linkdown"]},
                        {"dst":"default","gateway":"192.168.2.1","dev":"wlan0","protocol":"dhcp","metric":600,"flags":[]},
                        {"dst":"192.168.1.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.23","flags":["linkdown"]},
                        {"dst":"192.168.2.0/24","dev":"wlan0","protocol":"kernel","scope":"link","prefsrc":"192.168.2.23","flags":[]}]"""),
                Arguments.of("several next hops: the first that is up", "eth1", """
                        [{"dst":"default","protocol":"static","flags":[],"nexthops":[{"gateway":"10.0.0.1","dev":"eth0","weight":1,"flags":["linkdown"]},
                        {"gateway":"10.1.0.1","dev":"eth1","weight":1,"flags":[]}]},
                        {"dst":"10.0.0.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"10.0.0.2","flags":["linkdown"]},
                        {"dst":"10.1.0.0/24","dev":"eth1","protocol":"kernel","scope":"link","prefsrc":"10.1.0.2","flags":[]}]"""),
                Arguments.of("cut off on purpose: a kill switch", "", """
                        [{"type":"unreachable","dst":"default","metric":10,"flags":[]},
                        {"dst":"default","gateway":"192.168.1.1","dev":"eth0","protocol":"dhcp","metric":100,"flags":[]},
                        {"dst":"192.168.1.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.23","flags":[]}]"""),
                Arguments.of("a last resort that leads nowhere", "eth0", """
                        [{"dst":"default","gateway":"192.168.1.1","dev":"eth0","protocol":"dhcp","metric":100,"flags":[]},
                        {"type":"blackhole","dst":"default","metric":4278198272,"flags":[]},
                        {"dst":"192.168.1.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.23","flags":[]}]"""),
                Arguments.of("a mobile network: point to point", "ppp0", """
                        [{"dst":"default","dev":"ppp0","scope":"link","flags":[]},
                        {"dst":"10.64.64.64","dev":"ppp0","protocol":"kernel","scope":"link","prefsrc":"100.71.2.9","flags":[]}]"""),
                Arguments.of("a host with containers and VMs of others", "br0", """
                        [{"dst":"default","gateway":"192.168.10.1","dev":"br0","protocol":"static","flags":[]},
                        {"dst":"172.17.0.0/16","dev":"docker0","protocol":"kernel","scope":"link","prefsrc":"172.17.0.1","flags":["linkdown"]},
                        {"dst":"192.168.10.0/24","dev":"br0","protocol":"kernel","scope":"link","prefsrc":"192.168.10.5","flags":[]},
                        {"dst":"192.168.122.0/24","dev":"virbr0","protocol":"kernel","scope":"link","prefsrc":"192.168.122.1","flags":["linkdown"]}]"""),
                Arguments.of("a route through our own bridge does not count", "eth0", """
                        [{"dst":"default","gateway":"172.16.0.9","dev":"bgr0","flags":[]},
                        {"dst":"default","gateway":"192.168.1.1","dev":"eth0","metric":100,"flags":[]},
                        {"dst":"172.16.0.0/24","dev":"bgr0","protocol":"kernel","scope":"link","prefsrc":"172.16.0.1","flags":[]},
                        {"dst":"192.168.1.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.23","flags":[]}]"""),
                Arguments.of("nothing printed at all", "", ""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tables")
    void theUplinkIsReadOffTheRoutingTable(String host, String uplink, String table) {
        assertThat(Uplink.among(IpJson.routes(table), "bgr0").orElse("")).isEqualTo(uplink);
    }
}
