package dev.banger.host.network;

import static dev.banger.host.network.Frames.ARP;
import static dev.banger.host.network.Frames.BROADCAST;
import static dev.banger.host.network.Frames.ICMP;
import static dev.banger.host.network.Frames.IPV4;
import static dev.banger.host.network.Frames.IPV6;
import static dev.banger.host.network.Frames.NOBODY;
import static dev.banger.host.network.Frames.REPLY;
import static dev.banger.host.network.Frames.REQUEST;
import static dev.banger.host.network.Frames.TCP;
import static dev.banger.host.network.Frames.UDP;
import static dev.banger.host.network.Frames.arp;
import static dev.banger.host.network.Frames.ethernet;
import static dev.banger.host.network.Frames.hex;
import static dev.banger.host.network.Frames.icmp;
import static dev.banger.host.network.Frames.ipv4;
import static dev.banger.host.network.Frames.ipv6;
import static dev.banger.host.network.Frames.join;
import static dev.banger.host.network.Frames.tagged;
import static dev.banger.host.network.Frames.udp;

import dev.banger.host.linux.NetworkLab;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a hostile guest may try, with NAT for all the world allowed to it: every frame must end at its tap. */
final class HostileFrames {
    /** A frame and what it tries. */
    record Probe(String name, byte[] frame) {
        @Override
        public String toString() {
            return name;
        }
    }

    static final int SERVICE = 9999;
    static final String ATTACKER_MAC = "02:00:5e:00:00:0a";
    static final String ATTACKER = "10.77.0.10";
    static final String VICTIM_MAC = "02:00:5e:00:00:0b";
    static final String VICTIM = "10.77.0.11";
    static final String GATEWAY_MAC = BridgedLab.BRIDGE.mac().text();
    static final String GATEWAY = BridgedLab.BRIDGE.address().toString();
    private static final String LINK_LOCAL = "fe80 0000 0000 0000 0000 5eff fe00 000a";
    private static final String ALL_NODES = "ff02 0000 0000 0000 0000 0000 0000 0001";
    private static final String HOST_V6 = "fe80 0000 0000 0000 0062 0aff fe4d 0001";

    private final List<Probe> probes = new ArrayList<>();

    private HostileFrames() {}

    static List<Probe> all() {
        HostileFrames frames = new HostileFrames();
        frames.spoofed();
        frames.arps();
        frames.announcements();
        frames.tags();
        frames.toOtherGuests();
        frames.toTheHost();
        frames.nowhere();
        frames.oddities();
        return frames.probes;
    }

    private void add(String name, byte[] frame) {
        probes.add(new Probe(name, frame));
    }

    /** What a packet carries, so that it is known again wherever it turns up. */
    private String token() {
        return "hostile-%03d-".formatted(probes.size());
    }

    private byte[] datagram(String from, String to, int port) {
        return ipv4(from, to, UDP, udp(4001, port, token()));
    }

    private byte[] toGateway(byte[] packet) {
        return ethernet(GATEWAY_MAC, ATTACKER_MAC, IPV4, packet);
    }

    private byte[] syn(String to, int port) {
        return ipv4(ATTACKER, to, TCP, Frames.syn(ATTACKER, to, 4001, port));
    }

    private void spoofed() {
        byte[] honest = datagram(ATTACKER, NetworkLab.INTERNET, SERVICE);
        add("a MAC that is nobody's", ethernet(GATEWAY_MAC, "02:00:5e:00:00:99", IPV4, honest));
        add(
                "the victim's MAC",
                ethernet(GATEWAY_MAC, VICTIM_MAC, IPV4, datagram(ATTACKER, NetworkLab.INTERNET, SERVICE)));
        add(
                "the victim's MAC and address",
                ethernet(GATEWAY_MAC, VICTIM_MAC, IPV4, datagram(VICTIM, NetworkLab.INTERNET, SERVICE)));
        add(
                "the bridge's MAC",
                ethernet(GATEWAY_MAC, GATEWAY_MAC, IPV4, datagram(ATTACKER, NetworkLab.INTERNET, SERVICE)));
        add(
                "a multicast MAC as sender",
                ethernet(GATEWAY_MAC, "03:00:5e:00:00:0a", IPV4, datagram(ATTACKER, NetworkLab.INTERNET, SERVICE)));
        for (String from : List.of(
                VICTIM,
                "10.77.0.99",
                GATEWAY,
                NetworkLab.INTERNET,
                NetworkLab.HOST_LAN,
                "127.0.0.1",
                "0.0.0.0",
                "255.255.255.255",
                "169.254.169.254")) {
            add("the address " + from + " as sender", toGateway(datagram(from, NetworkLab.INTERNET, SERVICE)));
        }
        add("the host's own address asks its DNS", toGateway(datagram(GATEWAY, GATEWAY, 53)));
        add("the victim asks the DNS", toGateway(datagram(VICTIM, GATEWAY, 53)));
    }

    private void arps() {
        add(
                "ARP: the gateway is here, to the victim",
                ethernet(VICTIM_MAC, ATTACKER_MAC, ARP, arp(REPLY, ATTACKER_MAC, GATEWAY, VICTIM_MAC, VICTIM)));
        add(
                "ARP: the gateway is here, to all",
                ethernet(BROADCAST, ATTACKER_MAC, ARP, arp(REPLY, ATTACKER_MAC, GATEWAY, NOBODY, GATEWAY)));
        add(
                "ARP: the victim is here, to the host",
                ethernet(GATEWAY_MAC, ATTACKER_MAC, ARP, arp(REPLY, ATTACKER_MAC, VICTIM, GATEWAY_MAC, GATEWAY)));
        add(
                "ARP: the victim asks for the gateway",
                ethernet(BROADCAST, ATTACKER_MAC, ARP, arp(REQUEST, ATTACKER_MAC, VICTIM, NOBODY, GATEWAY)));
        add(
                "ARP: an address of nobody asks for the gateway",
                ethernet(BROADCAST, ATTACKER_MAC, ARP, arp(REQUEST, ATTACKER_MAC, "10.77.0.200", NOBODY, GATEWAY)));
        add(
                "ARP: own address at the victim's MAC",
                ethernet(GATEWAY_MAC, ATTACKER_MAC, ARP, arp(REPLY, VICTIM_MAC, ATTACKER, GATEWAY_MAC, GATEWAY)));
        add(
                "ARP: from the victim's MAC",
                ethernet(GATEWAY_MAC, VICTIM_MAC, ARP, arp(REPLY, VICTIM_MAC, VICTIM, GATEWAY_MAC, GATEWAY)));
        add(
                "ARP: who has the victim",
                ethernet(BROADCAST, ATTACKER_MAC, ARP, arp(REQUEST, ATTACKER_MAC, ATTACKER, NOBODY, VICTIM)));
        add(
                "ARP: who has another address of the host",
                ethernet(
                        BROADCAST,
                        ATTACKER_MAC,
                        ARP,
                        arp(REQUEST, ATTACKER_MAC, ATTACKER, NOBODY, NetworkLab.HOST_LAN)));
        add(
                "ARP: a probe without a sender",
                ethernet(BROADCAST, ATTACKER_MAC, ARP, arp(REQUEST, ATTACKER_MAC, "0.0.0.0", NOBODY, GATEWAY)));
        byte[] reverse = ethernet(BROADCAST, ATTACKER_MAC, ARP, arp(3, ATTACKER_MAC, ATTACKER, ATTACKER_MAC, GATEWAY));
        add("ARP: an operation there is not", reverse);
        byte[] odd = ethernet(GATEWAY_MAC, ATTACKER_MAC, ARP, arp(REPLY, ATTACKER_MAC, VICTIM, GATEWAY_MAC, GATEWAY));
        odd[18] = 8; // hardware addresses of eight bytes: what follows is read shifted
        add("ARP: lengths that lie", odd);
    }

    private void announcements() {
        byte[] router = join(hex("86 00 0000 40 00 0708 00000000 00000000 0101"), Frames.mac(ATTACKER_MAC));
        add(
                "IPv6 router advertisement to all",
                ethernet("33:33:00:00:00:01", ATTACKER_MAC, IPV6, ipv6(LINK_LOCAL, ALL_NODES, 58, router)));
        add(
                "IPv6 router advertisement to the host",
                ethernet(GATEWAY_MAC, ATTACKER_MAC, IPV6, ipv6(LINK_LOCAL, HOST_V6, 58, router)));
        add(
                "IPv6 neighbour advertisement",
                ethernet(
                        "33:33:00:00:00:01",
                        ATTACKER_MAC,
                        IPV6,
                        ipv6(LINK_LOCAL, ALL_NODES, 58, hex("88 00 0000 20000000" + HOST_V6))));
        add(
                "IPv6 datagram to the host",
                ethernet(GATEWAY_MAC, ATTACKER_MAC, IPV6, ipv6(LINK_LOCAL, HOST_V6, UDP, udp(4001, SERVICE, token()))));
        add(
                "IPv6 datagram to all",
                ethernet(
                        "33:33:00:00:00:01",
                        ATTACKER_MAC,
                        IPV6,
                        ipv6(LINK_LOCAL, ALL_NODES, UDP, udp(4001, SERVICE, token()))));
        byte[] offer = token().getBytes(StandardCharsets.US_ASCII);
        add(
                "DHCP offer to all",
                ethernet(BROADCAST, ATTACKER_MAC, IPV4, ipv4(ATTACKER, "255.255.255.255", UDP, udp(67, 68, offer))));
        add(
                "DHCP offer to the victim",
                ethernet(VICTIM_MAC, ATTACKER_MAC, IPV4, ipv4(ATTACKER, VICTIM, UDP, udp(67, 68, token()))));
        add("DHCP offer to the host", toGateway(ipv4(ATTACKER, GATEWAY, UDP, udp(67, 68, token()))));
        add(
                "DHCP offer to the internet",
                toGateway(ipv4(ATTACKER, NetworkLab.INTERNET, UDP, udp(67, SERVICE, token()))));
        add(
                "DHCP discover",
                ethernet(BROADCAST, ATTACKER_MAC, IPV4, ipv4("0.0.0.0", "255.255.255.255", UDP, udp(68, 67, token()))));
        byte[] bpdu = hex("424203 0000 00 00 0000 0000000000000000 00000000 0000000000000000 8001 0000 1400 0200 0f00");
        add("spanning tree BPDU", ethernet("01:80:c2:00:00:00", ATTACKER_MAC, bpdu.length, bpdu));
        add("spanning tree BPDU of another maker", ethernet("01:00:0c:cc:cc:cd", ATTACKER_MAC, bpdu.length, bpdu));
        add("pause frame", ethernet("01:80:c2:00:00:01", ATTACKER_MAC, 0x8808, hex("0001ffff")));
        add("LLDP", ethernet("01:80:c2:00:00:0e", ATTACKER_MAC, 0x88cc, hex("0207 04 02005e00000a 0000")));
        add("EAPOL", ethernet("01:80:c2:00:00:03", ATTACKER_MAC, 0x888e, hex("01010000")));
        add(
                "ICMP redirect",
                toGateway(ipv4(
                        ATTACKER,
                        GATEWAY,
                        ICMP,
                        icmp(5, 1, join(Frames.ip(ATTACKER), datagram(GATEWAY, NetworkLab.INTERNET, SERVICE))))));
    }

    private void tags() {
        add("VLAN 5, to the host's DNS", tagged(toGateway(datagram(ATTACKER, GATEWAY, 53)), 0x8100, 5));
        add("VLAN 5, to the internet", tagged(toGateway(datagram(ATTACKER, NetworkLab.INTERNET, SERVICE)), 0x8100, 5));
        add("VLAN 0, a priority tag, to the DNS", tagged(toGateway(datagram(ATTACKER, GATEWAY, 53)), 0x8100, 0xe000));
        add(
                "VLAN 0, a priority tag, to the internet",
                tagged(toGateway(datagram(ATTACKER, NetworkLab.INTERNET, SERVICE)), 0x8100, 0));
        add(
                "VLAN 5, to the victim",
                tagged(ethernet(VICTIM_MAC, ATTACKER_MAC, IPV4, datagram(ATTACKER, VICTIM, SERVICE)), 0x8100, 5));
        add("a provider's tag", tagged(toGateway(datagram(ATTACKER, NetworkLab.INTERNET, SERVICE)), 0x88a8, 5));
        add(
                "two tags",
                tagged(tagged(toGateway(datagram(ATTACKER, NetworkLab.INTERNET, SERVICE)), 0x8100, 0), 0x8100, 0));
        add(
                "a tagged ARP",
                tagged(
                        ethernet(BROADCAST, ATTACKER_MAC, ARP, arp(REQUEST, ATTACKER_MAC, ATTACKER, NOBODY, GATEWAY)),
                        0x8100,
                        0));
    }

    private void toOtherGuests() {
        add("to the victim, bridged", ethernet(VICTIM_MAC, ATTACKER_MAC, IPV4, datagram(ATTACKER, VICTIM, SERVICE)));
        add("to the victim, routed", toGateway(datagram(ATTACKER, VICTIM, SERVICE)));
        add("to the victim, to all", ethernet(BROADCAST, ATTACKER_MAC, IPV4, datagram(ATTACKER, VICTIM, SERVICE)));
        add("to the victim, TCP", toGateway(syn(VICTIM, 22)));
        add("to the victim, ping", toGateway(ipv4(ATTACKER, VICTIM, ICMP, icmp(8, 0, hex("00010001")))));
        add(
                "to the broadcast address of the subnet",
                ethernet(BROADCAST, ATTACKER_MAC, IPV4, datagram(ATTACKER, "10.77.0.255", SERVICE)));
        add("to the broadcast address of the subnet, routed", toGateway(datagram(ATTACKER, "10.77.0.255", SERVICE)));
        add(
                "to 255.255.255.255",
                ethernet(BROADCAST, ATTACKER_MAC, IPV4, datagram(ATTACKER, "255.255.255.255", SERVICE)));
        add(
                "to a MAC that is nobody's",
                ethernet("02:00:5e:00:00:77", ATTACKER_MAC, IPV4, datagram(ATTACKER, VICTIM, SERVICE)));
    }

    private void toTheHost() {
        add("to a service at the gateway", toGateway(datagram(ATTACKER, GATEWAY, SERVICE)));
        add("to a service at the host's LAN address", toGateway(datagram(ATTACKER, NetworkLab.HOST_LAN, SERVICE)));
        add(
                "to a service at the host's uplink address",
                toGateway(datagram(ATTACKER, NetworkLab.HOST_UPLINK, SERVICE)));
        add("to the DNS port of another address", toGateway(datagram(ATTACKER, NetworkLab.HOST_LAN, 53)));
        add("to the host's loopback", toGateway(datagram(ATTACKER, "127.0.0.1", SERVICE)));
        add("to the DNS port on loopback", toGateway(datagram(ATTACKER, "127.0.0.53", 53)));
        add("to the daemon, TCP", toGateway(syn(GATEWAY, SERVICE)));
        add("to the daemon's loopback, TCP", toGateway(syn("127.0.0.1", SERVICE)));
        add("to the daemon at the LAN address, TCP", toGateway(syn(NetworkLab.HOST_LAN, SERVICE)));
        add("ping to the gateway", toGateway(ipv4(ATTACKER, GATEWAY, ICMP, icmp(8, 0, hex("00010001")))));
        add(
                "ping to the host's LAN address",
                toGateway(ipv4(ATTACKER, NetworkLab.HOST_LAN, ICMP, icmp(8, 0, hex("00010001")))));
        add(
                "timestamp request to the gateway",
                toGateway(ipv4(ATTACKER, GATEWAY, ICMP, icmp(13, 0, hex("0001000100000000 00000000 00000000")))));
        add("to the neighbour in the host's LAN", toGateway(datagram(ATTACKER, NetworkLab.NEIGHBOUR, SERVICE)));
        add(
                "an unknown protocol to the gateway",
                toGateway(ipv4(ATTACKER, GATEWAY, 253, token().getBytes(StandardCharsets.US_ASCII))));
        add(
                "a tunnel to the gateway",
                toGateway(ipv4(ATTACKER, GATEWAY, 4, datagram(VICTIM, NetworkLab.INTERNET, SERVICE))));
    }

    private void nowhere() {
        for (String to :
                List.of("169.254.169.254", "169.254.1.1", "224.0.0.251", "239.255.255.250", "240.0.0.1", "0.0.0.0")) {
            add("to " + to, toGateway(datagram(ATTACKER, to, SERVICE)));
        }
        add("to 169.254.169.254, TCP", toGateway(syn("169.254.169.254", 80)));
        add("mDNS to all", ethernet("01:00:5e:00:00:fb", ATTACKER_MAC, IPV4, datagram(ATTACKER, "224.0.0.251", 5353)));
        add(
                "IGMP join",
                ethernet(
                        "01:00:5e:00:00:16",
                        ATTACKER_MAC,
                        IPV4,
                        ipv4(ATTACKER, "224.0.0.22", 2, hex("2200f9fd00000001 04000000 e00000fb"))));
    }

    private void oddities() {
        byte[] route =
                join(new byte[] {(byte) 131, 7, 4}, Frames.ip(VICTIM), new byte[] {0}); // loose source route, RFC 791
        add(
                "a source route by way of the host",
                toGateway(ipv4(ATTACKER, GATEWAY, UDP, udp(4001, SERVICE, token()), route, 0)));
        add(
                "a first fragment to a service",
                toGateway(ipv4(ATTACKER, GATEWAY, UDP, udp(4001, SERVICE, token()), new byte[0], 0x2000)));
        add(
                "a later fragment to a service",
                toGateway(ipv4(ATTACKER, GATEWAY, UDP, token().getBytes(StandardCharsets.US_ASCII), new byte[0], 5)));
        add(
                "an Ethernet type of nobody",
                ethernet(GATEWAY_MAC, ATTACKER_MAC, 0x88b5, token().getBytes(StandardCharsets.US_ASCII)));
        add(
                "an Ethernet type of nobody, to the victim",
                ethernet(VICTIM_MAC, ATTACKER_MAC, 0x88b5, token().getBytes(StandardCharsets.US_ASCII)));
        add("IPX to all", ethernet(BROADCAST, ATTACKER_MAC, 0x8137, hex("ffff001e")));
        add("a frame of 802.3 with LLC", ethernet(BROADCAST, ATTACKER_MAC, 8, hex("aaaa030000000800")));
        add("MPLS to the host", ethernet(GATEWAY_MAC, ATTACKER_MAC, 0x8847, hex("00010140")));
        add("PPPoE discovery", ethernet(BROADCAST, ATTACKER_MAC, 0x8863, hex("11090000 0000")));
        add("a bare header", ethernet(GATEWAY_MAC, ATTACKER_MAC, IPV4, new byte[0]));
        add("IPv4 that is cut short", ethernet(GATEWAY_MAC, ATTACKER_MAC, IPV4, hex("4500")));
        add(
                "IPv6 in an IPv4 frame",
                ethernet(GATEWAY_MAC, ATTACKER_MAC, IPV4, ipv6(LINK_LOCAL, HOST_V6, UDP, udp(4001, SERVICE, token()))));
    }
}
