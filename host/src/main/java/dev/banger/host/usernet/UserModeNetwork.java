package dev.banger.host.usernet;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.api.PublishedPort;
import dev.banger.vm.Identity.NetworkSettings;
import dev.banger.vm.Network;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmSpec;
import dev.banger.vm.Vmm.Attachment;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * QEMU's built-in network: the guest reaches out through QEMU's own sockets, and is reached at a loopback address that is
 * the VM's alone. Needs no privilege and changes nothing on the host. Thread-safe.
 */
public final class UserModeNetwork implements Network {
    private static final String GUEST = "10.0.2.15/24";
    private static final NetworkSettings SETTINGS = new NetworkSettings("10.0.2.2", List.of("10.0.2.3"));
    private static final int SSH = 22;
    private static final int SSH_UNPRIVILEGED = 2222;
    private static final int SSH_LAST = 2300;
    private static final int FIRST_HOST = 2;
    private static final int PER_NET = 253;
    private static final int HOSTS = PER_NET * 250;

    private final int second;

    /**
     * Every set of VMs has a range 127.N.0.0/16 with N from 64 to 127 of its own, derived from {@code vmsDirectory}, so that
     * those of different users rarely meet.
     */
    public UserModeNetwork(Path vmsDirectory) {
        second = 64 + Math.floorMod(vmsDirectory.toString().hashCode(), 64);
    }

    @Override
    public String name() {
        return "user";
    }

    /** Each VM is alone in its network, so inside all have the same address. */
    @Override
    public Addresses addresses(Set<String> guestIps, Set<String> hostAddresses) {
        for (int i = 0; i < HOSTS; i++) {
            int third = i / PER_NET;
            int fourth = FIRST_HOST + i % PER_NET;
            String address = "127." + second + "." + third + "." + fourth;
            if (!hostAddresses.contains(address)) {
                return new Addresses(GUEST, address);
            }
        }
        throw new BangerException(ErrorCode.RESOURCE_EXHAUSTED, "no loopback address is left for another VM");
    }

    @Override
    public void check(VmSpec spec) {
        if (spec.nat()) {
            throw BangerException.invalid(
                    "in user mode a VM reaches whatever the host reaches; --nat and --allow-host are for --network bridge");
        }
        if (spec.netRate() != 0) {
            throw BangerException.invalid(
                    "QEMU's user-mode network cannot limit bandwidth; --net-rate is for --network bridge");
        }
    }

    @Override
    public NetworkSettings guestSettings() {
        return SETTINGS;
    }

    @Override
    public Attachment prepare(VmRecord vm) {
        return new Attachment("127.0.0.1", vm.runtime().mac(), 0, List.of(), null);
    }

    @Override
    public Attachment attach(VmRecord vm) {
        String address = vm.runtime().hostAddress();
        for (PublishedPort port : vm.spec().ports()) {
            if (!isFree(port.addressOr(address), port.hostPort())) {
                throw new BangerException(
                        ErrorCode.ALREADY_EXISTS,
                        "cannot publish port " + port.hostPort() + " of " + vm.name() + ": "
                                + reason(port.addressOr(address), port));
            }
        }
        return new Attachment(
                address, vm.runtime().mac(), sshPort(vm, address), vm.spec().ports(), null);
    }

    private static String reason(String address, PublishedPort port) {
        if (!isFree(address, 0)) {
            return address + " is no address of this host";
        }
        return port.hostPort() < 1024
                ? "this user may not use ports below 1024, or " + address + ":" + port.hostPort()
                        + " is taken; publish it as a higher one, such as " + (port.hostPort() + 8000) + ":"
                        + port.guestPort()
                : address + ":" + port.hostPort() + " is taken by another program; choose another port";
    }

    /** 22 where that can be had; a host whose own sshd listens on all addresses, or an ordinary user, has it not. */
    private static int sshPort(VmRecord vm, String address) {
        Set<Integer> published = Set.copyOf(
                vm.spec().ports().stream().map(PublishedPort::hostPort).toList());
        if (!published.contains(SSH) && isFree(address, SSH)) {
            return SSH;
        }
        for (int port = SSH_UNPRIVILEGED; port < SSH_LAST; port++) {
            if (!published.contains(port) && isFree(address, port)) {
                return port;
            }
        }
        throw new BangerException(ErrorCode.RESOURCE_EXHAUSTED, "no port is free for the ssh of " + vm.name());
    }

    private static boolean isFree(String address, int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getByName(address), port));
            return true;
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(address + " is no address", e);
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void release(VmRecord vm) {
        // The network is QEMU's: it ends with the process.
    }

    @Override
    public List<Check> doctor() {
        return List.of(new Check(
                Status.PASS,
                "network",
                "user mode: VMs reach out without privileges; each has a loopback address in 127." + second + ".0.0/16",
                ""));
    }
}
