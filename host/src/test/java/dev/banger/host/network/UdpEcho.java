package dev.banger.host.network;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A service that sends back what it gets, and remembers it. */
final class UdpEcho implements AutoCloseable {
    private final DatagramSocket socket;
    private final Queue<String> heard = new ConcurrentLinkedQueue<>();

    /** Listens on all addresses of the calling thread's namespace. */
    UdpEcho(int port) throws IOException {
        socket = new DatagramSocket(port);
        Thread.ofPlatform().daemon().name("echo " + port).start(this::serve);
    }

    private void serve() {
        DatagramPacket packet = new DatagramPacket(new byte[2048], 2048);
        try {
            while (true) {
                packet.setLength(2048);
                socket.receive(packet);
                heard.add(packet.getAddress().getHostAddress() + " "
                        + new String(packet.getData(), 0, packet.getLength(), StandardCharsets.ISO_8859_1));
                socket.send(packet);
            }
        } catch (IOException e) {
            if (!socket.isClosed()) {
                heard.add("failed " + e);
            }
        }
    }

    /** Sender and text of what came. */
    Queue<String> heard() {
        return heard;
    }

    boolean heard(String text) {
        return heard.stream().anyMatch(each -> each.contains(text));
    }

    @Override
    public void close() {
        socket.close();
    }
}
