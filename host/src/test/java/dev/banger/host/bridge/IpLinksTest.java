package dev.banger.host.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.host.linux.NetworkLab;
import dev.banger.network.Cidr;
import dev.banger.network.Links.Link;
import dev.banger.network.Route;
import dev.banger.network.Tap;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What banger asks the kernel itself, beside what ip(8) made and says. */
class IpLinksTest {
    private static final int MANY = 300;

    private final NetworkLab lab = new NetworkLab();
    private final IpLinks links = new IpLinks(lab.programs, lab.prefix(), lab::kernel);

    @AfterEach
    void close() {
        lab.close();
    }

    private Link find(String name) {
        return links.find(name).orElseThrow();
    }

    @Test
    void aLinkIsTheOneThatIpMade() {
        lab.onHost("ip", "link", "add", "br7", "address", "02:00:5e:00:00:07", "type", "bridge");
        lab.onHost("ip", "link", "set", "br7", "alias", "some mark, with 'all' of it");
        lab.onHost("ip", "address", "add", "10.77.0.1/24", "dev", "br7");
        lab.onHost("ip", "address", "add", "10.78.0.1/16", "dev", "br7");
        lab.onHost("ip", "address", "add", "fd00:77::1/64", "dev", "br7");
        lab.onHost("ip", "tuntap", "add", "tap7", "mode", "tap");
        lab.onHost("ip", "link", "set", "tap7", "master", "br7", "up");
        lab.onHost("ip", "link", "set", "tap7", "type", "bridge_slave", "isolated", "on");

        int index = Integer.parseInt(lab.onHost("cat", "/sys/class/net/br7/ifindex"));
        assertThat(find("br7"))
                .isEqualTo(new Link(
                        "br7",
                        index,
                        "bridge",
                        "some mark, with 'all' of it",
                        "02:00:5e:00:00:07",
                        "",
                        false,
                        false,
                        List.of("10.77.0.1/24", "10.78.0.1/16")));
        assertThat(find("tap7"))
                .returns("tun", Link::kind)
                .returns("br7", Link::master)
                .returns(true, Link::up)
                .returns(true, Link::isolated)
                .returns(List.of(), Link::addresses)
                .returns(lab.onHost("cat", "/sys/class/net/tap7/address"), Link::mac);
        assertThat(find("eth0"))
                .returns("veth", Link::kind)
                .returns(true, Link::up)
                .returns(List.of(NetworkLab.HOST_UPLINK + "/24"), Link::addresses);
        lab.onHost("ip", "link", "set", "tap7", "type", "bridge_slave", "isolated", "off");
        assertThat(find("tap7").isolated()).isFalse();
    }

    @Test
    void moreLinksThanOneAnswerHoldsAreAllThere() {
        List<String> names =
                IntStream.range(0, MANY).mapToObj(each -> "many" + each).toList();
        lab.onHost(
                "sh",
                "-c",
                "for i in $(seq 0 " + (MANY - 1) + "); do echo link add many$i type bridge; done | ip -batch -");

        assertThat(links.list()).extracting(Link::name).containsAll(names).doesNotHaveDuplicates();
    }

    @Test
    void aLinkIsSwitchedAndDeletedByItsNumber() {
        lab.onHost("ip", "tuntap", "add", "first", "mode", "tap");
        lab.onHost("ip", "tuntap", "add", "second", "mode", "tap");
        Tap one = new Tap("first", find("first").ifindex());
        Tap two = new Tap("second", find("second").ifindex());
        lab.onHost("ip", "link", "delete", "second");
        lab.onHost("ip", "tuntap", "add", "second", "mode", "tap"); // somebody's, of the same name

        links.switchTaps(List.of(two, one), true);
        assertThat(find("first").up()).isTrue();
        assertThat(find("second").up()).isFalse();
        links.switchTaps(List.of(two, one), false);
        assertThat(find("first").up()).isFalse();

        links.delete(List.of(two, one));
        assertThat(links.find("first")).isEmpty();
        assertThat(links.find("second")).isPresent();
        links.delete(List.of(two, one));
    }

    @Test
    void aRouteThatChangesIsSeen() {
        assertThat(links.routes())
                .filteredOn(Route::isDefault)
                .extracting(Route::device)
                .containsExactly("eth0");
        assertThat(links.routes()).isEqualTo(links.look().routes());

        lab.onHost("ip", "route", "replace", "default", "via", NetworkLab.NEIGHBOUR, "dev", "eth1");
        assertThat(links.routes())
                .filteredOn(Route::isDefault)
                .extracting(Route::device)
                .containsExactly("eth1");

        // Beside the main table, as a VPN has it.
        lab.onHost("ip", "route", "add", "default", "via", NetworkLab.INTERNET, "dev", "eth0", "table", "7777");
        assertThat(links.routes())
                .filteredOn(Route::isDefault)
                .extracting(Route::device)
                .containsExactly("eth1");
        lab.onHost("ip", "rule", "add", "not", "fwmark", "7", "table", "7777");
        assertThat(links.routes())
                .filteredOn(Route::isDefault)
                .extracting(Route::device)
                .containsExactly("eth0");
        lab.onHost("ip", "rule", "delete", "not", "fwmark", "7", "table", "7777");

        lab.onHost("ip", "link", "set", "eth1", "down");
        assertThat(links.routes()).extracting(Route::destination).containsExactly(Cidr.of("198.51.100.0/24"));
        lab.onHost("ip", "link", "set", "eth0", "down");
        assertThat(links.routes()).isEmpty();
    }

    /** Else every start at a bridge that had no VM would have two programs tell the same routes again. */
    @Test
    void aBridgeThatLosesItsLastPortHasTheSameRoutes() {
        KernelLinks kernel = new KernelLinks(lab::kernel);
        lab.onHost("ip", "link", "add", "br7", "type", "bridge");
        lab.onHost("ip", "link", "add", "port7", "master", "br7", "type", "veth", "peer", "name", "peer7");
        lab.onHost("ip", "link", "set", "peer7", "up");
        lab.onHost("ip", "address", "add", "10.77.0.1/24", "dev", "br7");
        lab.onHost("ip", "link", "set", "br7", "up");
        lab.onHost("ip", "link", "set", "port7", "up");
        List<ByteBuffer> before = kernel.routing();

        lab.onHost("ip", "link", "set", "port7", "down");
        // The kernel notices by and by.
        lab.onHost("sh", "-c", "for i in $(seq 100); do ip route | grep -q linkdown && break; sleep 0.1; done");
        assertThat(lab.onHost("ip", "route")).contains("dev br7 proto kernel scope link src 10.77.0.1 linkdown");
        assertThat(kernel.routing()).isEqualTo(before);

        lab.onHost("ip", "route", "add", "10.78.0.0/24", "dev", "br7");
        assertThat(kernel.routing()).isNotEqualTo(before);
    }
}
