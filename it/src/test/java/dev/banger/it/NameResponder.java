package dev.banger.it;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** A DNS server of the internet, a program of its own: A records by UDP, nothing else. */
final class NameResponder {
    private static final int HEADER = 12;
    private static final int TYPE_A = 1;

    private NameResponder() {}

    /** The address to listen on, then NAME=ADDRESS. Ends when it is killed. */
    public static void main(String[] arguments) throws IOException {
        Map<String, byte[]> addresses = new HashMap<>();
        for (String each : Arrays.asList(arguments).subList(1, arguments.length)) {
            String[] record = each.split("=", 2);
            addresses.put(record[0], InetAddress.ofLiteral(record[1]).getAddress());
        }
        try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(arguments[0], 53))) {
            DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
            while (true) {
                packet.setLength(1500);
                socket.receive(packet);
                byte[] answer = answer(Arrays.copyOf(packet.getData(), packet.getLength()), addresses);
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            }
        }
    }

    private static byte[] answer(byte[] query, Map<String, byte[]> addresses) {
        StringBuilder name = new StringBuilder();
        int at = HEADER;
        while (query[at] != 0) {
            name.append(new String(query, at + 1, query[at], StandardCharsets.US_ASCII))
                    .append('.');
            at += query[at] + 1;
        }
        byte[] address =
                addresses.get(name.substring(0, Math.max(0, name.length() - 1)).toLowerCase(Locale.ROOT));
        boolean asked = query[at + 2] == TYPE_A;
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        answer.write(query, 0, 2);
        answer.writeBytes(new byte[] {(byte) 0x81, (byte) (address == null ? 0x83 : 0x80)}); // NXDOMAIN
        answer.writeBytes(new byte[] {0, 1, 0, (byte) (address != null && asked ? 1 : 0), 0, 0, 0, 0});
        answer.write(query, HEADER, at + 5 - HEADER);
        if (address != null && asked) {
            answer.writeBytes(new byte[] {(byte) 0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4});
            answer.writeBytes(address);
        }
        return answer.toByteArray();
    }
}
