package dev.banger.host.bridge;

import dev.banger.host.linux.Netlink;
import dev.banger.network.Ipv4Address;
import dev.banger.network.Links.Link;
import dev.banger.network.Tap;
import dev.banger.operation.EveryPart;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a start of a VM wants of the kernel's links, by rtnetlink(7), since a run of a program takes longer than all of it: what
 * links there are, whether routes have changed, a tap up and down, a link gone. Thread-safe.
 */
final class KernelLinks {
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_DELLINK = 17;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_GETADDR = 22;
    private static final int RTM_GETROUTE = 26;
    private static final int RTM_GETRULE = 34;

    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MASTER = 10;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_IFALIAS = 20;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_INFO_SLAVE_DATA = 5;
    private static final int IFLA_BRPORT_ISOLATED = 33;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;

    private static final int AF_INET = 2;
    private static final int IFF_UP = 1;
    private static final int ENODEV = 19;

    /** Bytes of struct ifinfomsg { u8 family, pad; u16 type; i32 index; u32 flags, change; }. */
    private static final int IFINFOMSG = 16;
    /** Bytes of struct ifaddrmsg { u8 family, prefixlen, flags, scope; u32 index; }. */
    private static final int IFADDRMSG = 8;
    /** Bytes of struct rtmsg { u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags }, and of struct fib_rule_hdr. */
    private static final int RTMSG = 12;

    private static final int RTPROT_KERNEL = 2;

    private final Supplier<Netlink> opening;
    private @Nullable Netlink socket; // guarded by this

    /** {@code opening}: opens the socket, once, in the network namespace that is looked at. */
    KernelLinks(Supplier<Netlink> opening) {
        this.opening = opening;
    }

    private synchronized Netlink netlink() {
        Netlink open = socket;
        if (open == null) {
            open = opening.get();
            socket = open;
        }
        return open;
    }

    List<Link> list() {
        List<ByteBuffer> links = netlink().list(RTM_GETLINK, new byte[IFINFOMSG]);
        byte[] ipv4 = new byte[IFADDRMSG];
        ipv4[0] = AF_INET;
        Map<Integer, List<String>> addresses = new HashMap<>();
        for (ByteBuffer message : netlink().list(RTM_GETADDR, ipv4)) {
            Map<Integer, ByteBuffer> attributes = Netlink.attributes(message, IFADDRMSG);
            @Nullable ByteBuffer address = attributes.getOrDefault(IFA_LOCAL, attributes.get(IFA_ADDRESS));
            if (message.get(0) == AF_INET && address != null && address.remaining() == Integer.BYTES) {
                int bits = address.duplicate().order(ByteOrder.BIG_ENDIAN).getInt();
                addresses
                        .computeIfAbsent(message.getInt(4), index -> new ArrayList<>())
                        .add(new Ipv4Address(bits) + "/" + (message.get(1) & 0xff));
            }
        }
        Map<Integer, Map<Integer, ByteBuffer>> byIndex = new HashMap<>();
        links.forEach(message -> byIndex.put(message.getInt(4), Netlink.attributes(message, IFINFOMSG)));
        return links.stream()
                .map(message -> link(message, byIndex, addresses.getOrDefault(message.getInt(4), List.of())))
                .filter(link -> !link.name().isEmpty())
                .toList();
    }

    private static Link link(
            ByteBuffer message, Map<Integer, Map<Integer, ByteBuffer>> byIndex, List<String> addresses) {
        int index = message.getInt(4);
        Map<Integer, ByteBuffer> attributes = byIndex.getOrDefault(index, Map.of());
        Map<Integer, ByteBuffer> info = nested(attributes.get(IFLA_LINKINFO));
        @Nullable ByteBuffer isolated = nested(info.get(IFLA_INFO_SLAVE_DATA)).get(IFLA_BRPORT_ISOLATED);
        @Nullable ByteBuffer master = attributes.get(IFLA_MASTER);
        return new Link(
                text(attributes.get(IFLA_IFNAME)),
                index,
                text(info.get(IFLA_INFO_KIND)),
                text(attributes.get(IFLA_IFALIAS)),
                mac(attributes.get(IFLA_ADDRESS)),
                master == null
                        ? ""
                        : text(byIndex.getOrDefault(master.getInt(0), Map.of()).get(IFLA_IFNAME)),
                (message.getInt(8) & IFF_UP) != 0,
                isolated != null && isolated.hasRemaining() && isolated.get(0) != 0,
                addresses);
    }

    private static Map<Integer, ByteBuffer> nested(@Nullable ByteBuffer attribute) {
        return attribute == null ? Map.of() : Netlink.attributes(attribute, 0);
    }

    /** Of a string that ends with a zero. */
    private static String text(@Nullable ByteBuffer attribute) {
        if (attribute == null) {
            return "";
        }
        String all = StandardCharsets.UTF_8.decode(attribute.duplicate()).toString();
        int end = all.indexOf('\0');
        return end < 0 ? all : all.substring(0, end);
    }

    private static String mac(@Nullable ByteBuffer address) {
        if (address == null || address.remaining() != 6) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            text.append(i == 0 ? "" : ":").append("%02x".formatted(address.get(i) & 0xff));
        }
        return text.toString();
    }

    /**
     * All routes and rules of IPv4 as the kernel tells them: equal as long as none has changed. That a link of an address is without
     * carrier, as a bridge is whose VMs have all ended, is no change.
     */
    List<ByteBuffer> routing() {
        byte[] ipv4 = new byte[RTMSG];
        ipv4[0] = AF_INET;
        List<ByteBuffer> all = new ArrayList<>(netlink().list(RTM_GETROUTE, ipv4));
        all.stream().filter(route -> route.get(5) == RTPROT_KERNEL).forEach(route -> route.putInt(8, 0));
        all.addAll(netlink().list(RTM_GETRULE, ipv4));
        return all;
    }

    /** Up or down, by number; those that are gone are no error. All are tried. */
    void switchLinks(List<Tap> links, boolean up) {
        change(RTM_NEWLINK, links, up ? IFF_UP : 0, IFF_UP);
    }

    /** By number; those that are gone are no error. All are tried. */
    void delete(List<Tap> links) {
        change(RTM_DELLINK, links, 0, 0);
    }

    private void change(int type, List<Tap> links, int flags, int mask) {
        EveryPart.run(links.stream()
                .<Runnable>map(link -> () -> change(type, link, flags, mask))
                .toList());
    }

    /** By number, which no other link gets: one that was replaced by another of its name is gone. */
    private void change(int type, Tap link, int flags, int mask) {
        ByteBuffer message = ByteBuffer.allocate(IFINFOMSG).order(ByteOrder.nativeOrder());
        message.putInt(4, link.ifindex()).putInt(8, flags).putInt(12, mask);
        try {
            netlink().request(type, message.array());
        } catch (Netlink.Refused e) {
            if (e.errno() != ENODEV) {
                throw Netlink.failure(e);
            }
        }
    }
}
