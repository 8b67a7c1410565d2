package dev.banger.host.network;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Ethernet frames made by hand, whatever they claim. */
final class Frames {
    static final int ARP = 0x0806;
    static final int IPV4 = 0x0800;
    static final int IPV6 = 0x86dd;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMP = 1;
    static final int REQUEST = 1;
    static final int REPLY = 2;
    static final String BROADCAST = "ff:ff:ff:ff:ff:ff";
    static final String NOBODY = "00:00:00:00:00:00";

    private Frames() {}

    static byte[] mac(String text) {
        return HexFormat.ofDelimiter(":").parseHex(text);
    }

    static byte[] ip(String text) {
        String[] parts = text.split("\\.");
        byte[] bytes = new byte[4];
        for (int i = 0; i < 4; i++) {
            bytes[i] = (byte) Integer.parseInt(parts[i]);
        }
        return bytes;
    }

    static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    static byte[] join(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    static byte[] number(int value) {
        return new byte[] {(byte) (value >> 8), (byte) value};
    }

    static byte[] ethernet(String to, String from, int type, byte[] payload) {
        return join(mac(to), mac(from), number(type), payload);
    }

    /** The same frame with an 802.1Q or 802.1ad tag. */
    static byte[] tagged(byte[] frame, int protocol, int tag) {
        ByteBuffer all = ByteBuffer.allocate(frame.length + 4);
        all.put(frame, 0, 12).put(number(protocol)).put(number(tag)).put(frame, 12, frame.length - 12);
        return all.array();
    }

    static byte[] arp(int operation, String senderMac, String senderIp, String targetMac, String targetIp) {
        return join(
                hex("0001 0800 06 04"), number(operation), mac(senderMac), ip(senderIp), mac(targetMac), ip(targetIp));
    }

    static byte[] ipv4(String from, String to, int protocol, byte[] payload) {
        return ipv4(from, to, protocol, payload, new byte[0], 0);
    }

    static byte[] ipv4(String from, String to, int protocol, byte[] payload, byte[] options, int fragment) {
        int header = 20 + options.length;
        byte[] head = join(
                new byte[] {(byte) (0x40 | header / 4), 0},
                number(header + payload.length),
                hex("1234"),
                number(fragment),
                new byte[] {64, (byte) protocol},
                number(0),
                ip(from),
                ip(to),
                options);
        byte[] sum = number(checksum(head));
        head[10] = sum[0];
        head[11] = sum[1];
        return join(head, payload);
    }

    static byte[] udp(int from, int to, String payload) {
        return udp(from, to, payload.getBytes(StandardCharsets.US_ASCII));
    }

    /** Without a checksum, which IPv4 allows. */
    static byte[] udp(int from, int to, byte[] payload) {
        return join(number(from), number(to), number(8 + payload.length), number(0), payload);
    }

    static byte[] syn(String fromIp, String toIp, int from, int to) {
        byte[] segment = join(number(from), number(to), hex("00000001 00000000 5002 ffff 0000 0000"));
        byte[] pseudo = join(ip(fromIp), ip(toIp), number(TCP), number(segment.length), segment);
        byte[] sum = number(checksum(pseudo));
        segment[16] = sum[0];
        segment[17] = sum[1];
        return segment;
    }

    static byte[] icmp(int type, int code, byte[] rest) {
        byte[] message = join(new byte[] {(byte) type, (byte) code, 0, 0}, rest);
        byte[] sum = number(checksum(message));
        message[2] = sum[0];
        message[3] = sum[1];
        return message;
    }

    static byte[] ipv6(String fromHex, String toHex, int next, byte[] payload) {
        return join(
                hex("60000000"),
                number(payload.length),
                new byte[] {(byte) next, (byte) 255},
                hex(fromHex),
                hex(toHex),
                payload);
    }

    /** RFC 1071. */
    private static int checksum(byte[] bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.length; i += 2) {
            sum += (bytes[i] & 255) << 8 | (i + 1 < bytes.length ? bytes[i + 1] & 255 : 0);
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }

    static int type(byte[] frame) {
        return frame.length < 14 ? 0 : (frame[12] & 255) << 8 | frame[13] & 255;
    }

    static boolean contains(byte[] frame, String text) {
        return new String(frame, StandardCharsets.ISO_8859_1).contains(text);
    }

    static boolean containsBytes(byte[] frame, byte[] part) {
        return contains(frame, new String(part, StandardCharsets.ISO_8859_1));
    }
}
