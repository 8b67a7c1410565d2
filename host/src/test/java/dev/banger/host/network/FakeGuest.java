package dev.banger.host.network;

import dev.banger.host.linux.TapDevice;
import dev.banger.network.GuestPort;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** A guest at its tap: sends any frame, answers ARP for its own address, keeps what it gets. Not thread-safe. */
final class FakeGuest implements AutoCloseable {
    private static final Duration SLICE = Duration.ofMillis(50);

    final GuestPort port;
    private final TapDevice tap;
    private final String bridgeMac;
    private final String gateway;
    private final List<byte[]> received = new ArrayList<>();

    FakeGuest(GuestPort port, TapDevice tap, String bridgeMac, String gateway) {
        this.port = port;
        this.tap = tap;
        this.bridgeMac = bridgeMac;
        this.gateway = gateway;
    }

    String mac() {
        return port.mac().text();
    }

    String ip() {
        return port.ip().toString();
    }

    void send(byte[] frame) {
        tap.send(frame);
    }

    /** An honest packet to {@code to}, by way of the bridge. */
    void sendUdp(String to, int port, String payload) {
        send(Frames.ethernet(
                bridgeMac, mac(), Frames.IPV4, Frames.ipv4(ip(), to, Frames.UDP, Frames.udp(4000, port, payload))));
    }

    /** Whether a packet sent to {@code to} comes back from there; it is sent again while nothing does. */
    boolean hearsEcho(String to, int port, String payload, Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (System.nanoTime() < deadline) {
            sendUdp(to, port, payload);
            if (await(frame -> Frames.contains(frame, payload), Duration.ofMillis(500))
                    .isPresent()) {
                return true;
            }
        }
        return false;
    }

    Optional<byte[]> await(Predicate<byte[]> wanted, Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        do {
            Optional<byte[]> frame = tap.receive(SLICE);
            frame.ifPresent(this::keep);
            if (frame.filter(wanted).isPresent()) {
                return frame;
            }
        } while (System.nanoTime() < deadline);
        return Optional.empty();
    }

    private void keep(byte[] frame) {
        received.add(frame);
        boolean asked = Frames.type(frame) == Frames.ARP
                && frame.length >= 42
                && frame[21] == Frames.REQUEST
                && Arrays.equals(Arrays.copyOfRange(frame, 38, 42), Frames.ip(ip()));
        if (asked) {
            send(Frames.ethernet(
                    bridgeMac, mac(), Frames.ARP, Frames.arp(Frames.REPLY, mac(), ip(), bridgeMac, gateway)));
        }
    }

    /** What came since the last call, what waits to be read included. */
    List<byte[]> taken() {
        Optional<byte[]> frame = tap.receive(Duration.ZERO);
        for (int i = 0; i < 1000 && frame.isPresent(); i++) {
            keep(frame.get());
            frame = tap.receive(Duration.ZERO);
        }
        List<byte[]> all = List.copyOf(received);
        received.clear();
        return all;
    }

    @Override
    public void close() {
        tap.close();
    }
}
