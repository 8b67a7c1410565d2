package dev.banger.it;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Hears on a port, by UDP and TCP, a program of its own: a line for each datagram and connection. */
final class Listener {
    private Listener() {}

    /** The port. Ends when it is killed. */
    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[0]);
        try (ServerSocket connections = new ServerSocket(port);
                DatagramSocket datagrams = new DatagramSocket(port)) {
            Thread.ofPlatform().daemon().start(() -> accept(connections));
            System.out.println("listening");
            DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
            while (true) {
                packet.setLength(1500);
                datagrams.receive(packet);
                System.out.println(new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII)
                        + " from " + packet.getSocketAddress());
            }
        }
    }

    private static void accept(ServerSocket connections) {
        try {
            while (true) {
                try (Socket socket = connections.accept()) {
                    System.out.println("hostile connection from " + socket.getRemoteSocketAddress());
                }
            }
        } catch (IOException e) {
            System.out.println("hostile? it no longer listens: " + e);
        }
    }
}
