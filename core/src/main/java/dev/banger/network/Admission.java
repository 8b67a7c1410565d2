package dev.banger.network;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.PublishedPort;
import java.util.Collection;
import java.util.List;

/** What can be said against a VM's port before it is plugged in. Changes nothing. */
final class Admission {
    private final HomeId home;
    private final BridgeSettings bridge;
    private final Links links;

    Admission(HomeId home, BridgeSettings bridge, Links links) {
        this.home = home;
        this.bridge = bridge;
        this.links = links;
    }

    /** The link of its tap, unless something can be said against it. {@code plugged} may have the VM itself among them. */
    Links.Link check(GuestPort port, Collection<GuestPort> plugged, Links.Look look) {
        if (!bridge.subnet().contains(port.ip()) || port.ip().equals(bridge.address())) {
            throw BangerException.invalid(port.ip() + " is no address for a guest in " + bridge.subnet());
        }
        plugged.stream()
                .filter(other -> !other.vmId().equals(port.vmId()))
                .forEach(other -> requireDistinct(port, other));
        requireExposable(port, look);
        return look.find(port.tap().name())
                .filter(each -> each.ifindex() == port.tap().ifindex() && home.owns(each))
                .orElseThrow(() -> new BangerException(
                        ErrorCode.WRONG_STATE, "tap " + port.tap().name() + " is gone, or not banger's any more"));
    }

    private static void requireDistinct(GuestPort port, GuestPort other) {
        if (other.ip().equals(port.ip())
                || other.mac().equals(port.mac())
                || other.tap().name().equals(port.tap().name())) {
            throw new BangerException(
                    ErrorCode.ALREADY_EXISTS,
                    "VM " + other.vmId() + " has the tap, address or MAC address of VM " + port.vmId() + " already");
        }
        for (PublishedPort each : port.exposed()) {
            if (other.exposed().stream().anyMatch(each::clashes)) {
                throw new BangerException(
                        ErrorCode.ALREADY_EXISTS,
                        "port " + each.hostPort() + " of " + each.address() + " is published for VM " + other.vmId()
                                + " already");
            }
        }
    }

    /** Packets to it would go to the guest, and past whatever program of the host's listens there. */
    private void requireExposable(GuestPort guest, Links.Look look) {
        if (guest.exposed().isEmpty()) {
            return;
        }
        List<String> own = look.links().stream()
                .flatMap(link -> link.addresses().stream())
                .map(address -> address.substring(0, address.indexOf('/')))
                .toList();
        for (PublishedPort port : guest.exposed()) {
            String address = String.valueOf(port.address());
            if (!address.equals("0.0.0.0") && !own.contains(address)) {
                throw new BangerException(
                        ErrorCode.PRECONDITION_FAILED,
                        "cannot publish port " + port.hostPort() + ": " + address + " is no address of this host");
            }
            if (links.isListening(address, port.hostPort())) {
                throw new BangerException(
                        ErrorCode.ALREADY_EXISTS,
                        "cannot publish port " + port.hostPort() + ": " + address + ":" + port.hostPort()
                                + " is taken by another program; choose another port");
            }
        }
    }
}
