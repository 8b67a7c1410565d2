package dev.banger.host.dns;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.xbill.DNS.Message;

/** A resolver on loopback, by UDP and TCP, that answers as it is told: with any number of messages. */
final class FakeUpstream implements AutoCloseable {
    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final Function<Message, List<byte[]>> answers;
    private final List<Message> asked = new CopyOnWriteArrayList<>();
    private final List<Integer> sourcePorts = new CopyOnWriteArrayList<>();

    FakeUpstream(Function<Message, List<byte[]>> answers) throws IOException {
        this.answers = answers;
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        ServerSocket listening = new ServerSocket(0, 8, loopback);
        Optional<DatagramSocket> same = samePort(listening);
        while (same.isEmpty()) { // a port that is free for one is not always free for the other
            listening.close();
            listening = new ServerSocket(0, 8, loopback);
            same = samePort(listening);
        }
        tcp = listening;
        udp = same.get();
        Thread.ofPlatform().daemon().name("upstream-udp").start(this::serveUdp);
        Thread.ofPlatform().daemon().name("upstream-tcp").start(this::serveTcp);
    }

    private static Optional<DatagramSocket> samePort(ServerSocket tcp) throws IOException {
        try {
            return Optional.of(new DatagramSocket(new InetSocketAddress(tcp.getInetAddress(), tcp.getLocalPort())));
        } catch (BindException e) {
            return Optional.empty();
        }
    }

    InetSocketAddress address() {
        return (InetSocketAddress) udp.getLocalSocketAddress();
    }

    List<Message> asked() {
        return List.copyOf(asked);
    }

    List<Integer> sourcePorts() {
        return List.copyOf(sourcePorts);
    }

    private void serveUdp() {
        try {
            DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
            while (true) {
                packet.setLength(4096);
                udp.receive(packet);
                sourcePorts.add(packet.getPort());
                for (byte[] answer : react(Arrays.copyOf(packet.getData(), packet.getLength()))) {
                    udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            }
        } catch (IOException e) {
            return; // closed
        }
    }

    private void serveTcp() {
        try {
            while (true) {
                try (Socket client = tcp.accept()) {
                    DataInputStream in = new DataInputStream(client.getInputStream());
                    byte[] query = new byte[in.readUnsignedShort()];
                    in.readFully(query);
                    for (byte[] answer : react(query)) {
                        DnsClient.send(client, answer);
                    }
                }
            }
        } catch (IOException e) {
            return; // closed
        }
    }

    private List<byte[]> react(byte[] wire) throws IOException {
        Message query = new Message(wire);
        asked.add(query);
        return answers.apply(query);
    }

    @Override
    public void close() throws IOException {
        udp.close();
        tcp.close();
    }
}
