package dev.banger.network;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.api.NetworkUsage;
import dev.banger.operation.EveryPart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the host's side of the bridged network: the bridge, the taps, the firewall rules of the guests plugged in. It knows no
 * VM; who owns VMs tells it which of their ports are live.
 *
 * <p>Every change is: the wanted set of ports is changed, the rules are derived from the whole of it and applied as a whole. So
 * applying twice changes nothing, and what a killed daemon left goes with the next call. Thread-safe.
 */
public final class HostNetwork implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostNetwork.class);

    private final HomeId home;
    private final BridgeSettings bridge;
    private final Links links;
    private final Firewall firewall;
    private final Bridge ownBridge;
    private final TapPool taps;
    private final Admission admission;
    private final ReentrantLock rules = new ReentrantLock();

    // Guarded by rules.
    private Map<String, GuestPort> ports = Map.of();
    private Optional<String> uplink = Optional.empty();
    private boolean open;
    /** Whether forwarding was seen on; {@link #reconcile} sees when it was switched off. */
    private boolean forwards;

    /** {@code poolSize}: how many free taps are kept. */
    public HostNetwork(HomeId home, BridgeSettings bridge, Links links, Firewall firewall, int poolSize) {
        this.home = home;
        this.bridge = bridge;
        this.links = links;
        this.firewall = firewall;
        this.ownBridge = new Bridge(home, bridge, links);
        this.taps = new TapPool(home, bridge, links, poolSize);
        this.admission = new Admission(home, bridge, links);
    }

    /**
     * Makes or takes up the bridge, takes up the taps there are, and puts the rules of the VMs that run in place; rules of any
     * others are removed. Fails, and leaves nothing it made, when the bridge's name or subnet is somebody else's.
     */
    public void open(List<GuestPort> live) {
        rules.lock();
        try {
            boolean made = ownBridge.ensure(!live.isEmpty());
            try {
                initializeTapPool(live.stream().map(port -> port.tap().name()).collect(Collectors.toSet()));
                ports = byVm(live);
                uplink = discover();
                forward();
                firewall.apply(current());
                open = true;
            } catch (RuntimeException e) {
                if (made) {
                    undo(e, ownBridge::delete);
                }
                throw e;
            }
        } finally {
            rules.unlock();
        }
    }

    private static Map<String, GuestPort> byVm(List<GuestPort> live) {
        Map<String, GuestPort> byVm = new LinkedHashMap<>();
        live.forEach(port -> byVm.put(port.vmId(), port));
        return byVm;
    }

    private static void undo(RuntimeException failure, Runnable action) {
        try {
            action.run();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    /** Tells the pool which taps are in use; the others of this home are free. {@link #open} does so. */
    public void initializeTapPool(Set<String> usedTaps) {
        taps.initialize(usedTaps);
    }

    /** Makes the taps that the pool lacks. Slow: call it when nothing waits. */
    public void ensureTaps() {
        taps.ensure();
    }

    /** A tap for a VM that is about to start: at once when the pool has one. Whoever takes it gives it back. */
    public Tap acquireTap() {
        return taps.acquire();
    }

    /** Takes a tap back, after its port was unplugged. Idempotent. */
    public void releaseTap(Tap tap) {
        taps.release(tap);
    }

    /**
     * Plugs a VM in, or changes what its port may do: its rules are in place when this returns. Before that, its tap passes
     * nothing. Idempotent.
     *
     * @throws BangerException PRECONDITION_FAILED if it wants NAT and there is no default route; WRONG_STATE if its tap is not
     *     there, or not ours. The rules are then as before
     */
    public void plug(GuestPort port) {
        rules.lock();
        try {
            Links.Look look = links.look();
            if (!isPlaced(admission.check(port, ports.values(), look))) {
                links.repairTaps(bridge, List.of(port.tap()));
            }
            Optional<String> discovered = Uplink.among(look.routes(), bridge.name());
            if (port.egress().nat() && discovered.isEmpty()) {
                throw new BangerException(
                        ErrorCode.PRECONDITION_FAILED,
                        "this host has no default route, so NAT leads nowhere; look at: ip route");
            }
            Map<String, GuestPort> next = new LinkedHashMap<>(ports);
            next.put(port.vmId(), port);
            change(next, discovered);
            links.switchTaps(List.of(port.tap()), true);
        } finally {
            rules.unlock();
        }
    }

    /** Changes what a VM that is plugged in may reach: its rules are in place when this returns. Of others there is nothing to change. */
    public void changeEgress(String vmId, Egress egress) {
        rules.lock();
        try {
            GuestPort port = ports.get(vmId);
            if (port != null) {
                Map<String, GuestPort> next = new LinkedHashMap<>(ports);
                next.put(
                        vmId,
                        new GuestPort(vmId, port.tap(), port.mac(), port.ip(), egress, port.published(), port.rate()));
                change(next, uplink);
            }
        } finally {
            rules.unlock();
        }
    }

    /** Unplugs a VM: its tap passes nothing any more, and its rules go. Both are tried; failures are joined. Idempotent. */
    public void unplug(String vmId) {
        rules.lock();
        try {
            Map<String, GuestPort> next = new LinkedHashMap<>(ports);
            Optional<GuestPort> port = Optional.ofNullable(next.remove(vmId));
            List<Runnable> parts = new ArrayList<>();
            port.ifPresent(each -> parts.add(() -> links.switchTaps(List.of(each.tap()), false)));
            parts.add(() -> change(next, uplink));
            EveryPart.run(parts);
        } finally {
            rules.unlock();
        }
    }

    private boolean isPlaced(Links.Link link) {
        return link.isolated() != bridge.peers() && link.master().equals(bridge.name());
    }

    private void change(Map<String, GuestPort> next, Optional<String> nextUplink) {
        Map<String, GuestPort> before = ports;
        Optional<String> uplinkBefore = uplink;
        try {
            ports = next;
            uplink = nextUplink;
            forward();
            firewall.apply(current());
        } catch (RuntimeException e) {
            ports = before;
            uplink = uplinkBefore;
            undo(e, () -> firewall.apply(current()));
            throw e;
        }
    }

    private void forward() {
        if (current().forwards() && !forwards) {
            links.enableForwarding();
            forwards = true;
        }
    }

    private Rules current() {
        return new Rules(home, bridge, uplink, List.copyOf(ports.values()));
    }

    private Optional<String> discover() {
        return Uplink.among(links.routes(), bridge.name());
    }

    /**
     * Compares the host with what it should be and puts right what is not: bridge, taps, uplink, forwarding, rules. What cannot
     * be put right is said. A second call changes nothing, nor does one while it is not open.
     */
    public Reconciliation reconcile() {
        rules.lock();
        try {
            if (!open) {
                return new Reconciliation(List.of(), List.of());
            }
            List<String> repaired = new ArrayList<>();
            List<String> degraded = new ArrayList<>();
            // Rules first: until they are back, a guest may send as whoever it likes.
            part(degraded, () -> reconcileRules(repaired, degraded));
            part(degraded, () -> ownBridge.repair().ifPresent(repaired::add));
            part(degraded, () -> reconcileTaps(repaired, degraded));
            part(degraded, () -> degraded.addAll(firewall.obstacles(current())));
            repaired.forEach(what -> LOG.info("Repaired the network: {}", what));
            degraded.forEach(what -> LOG.warn("The network is degraded: {}", what));
            return new Reconciliation(repaired, degraded);
        } finally {
            rules.unlock();
        }
    }

    private static void part(List<String> degraded, Runnable work) {
        try {
            work.run();
        } catch (BangerException e) {
            degraded.add(String.valueOf(e.getMessage()));
        }
    }

    private void reconcileRules(List<String> repaired, List<String> degraded) {
        @Nullable BangerException unreadable = null;
        try {
            Optional<String> discovered = discover();
            if (current().nat() && !discovered.equals(uplink)) {
                discovered.ifPresentOrElse(
                        found -> repaired.add("NAT goes out of " + found + " now"),
                        () -> degraded.add("there is no default route any more, so NAT leads nowhere"));
            } else if (current().nat() && discovered.isEmpty()) {
                degraded.add("there is no default route, so NAT leads nowhere");
            }
            uplink = discovered;
            if (current().forwards() && !links.forwarding()) {
                forwards = false;
                forward();
                repaired.add("forwarding was off");
            }
        } catch (BangerException e) {
            unreadable = e; // the rules do not wait for that
        }
        if (firewall.apply(current())) {
            repaired.add("firewall rules");
        }
        if (unreadable != null) {
            throw unreadable;
        }
    }

    private void reconcileTaps(List<String> repaired, List<String> degraded) {
        Map<String, Links.Link> present = byName(links.list());
        Set<String> used =
                ports.values().stream().map(port -> port.tap().name()).collect(Collectors.toSet());
        List<Tap> loose = new ArrayList<>();
        for (Tap tap : taps.all()) {
            Links.@Nullable Link link = present.get(tap.name());
            if (link == null || !isThere(tap, present)) {
                taps.forget(tap);
                if (used.contains(tap.name())) {
                    degraded.add("tap " + tap.name() + " is gone; its VM has no network until it is restarted");
                }
            } else if (!isPlaced(link) || used.contains(tap.name()) && !link.up()) {
                loose.add(tap);
            }
        }
        if (!loose.isEmpty()) {
            links.repairTaps(bridge, loose);
            links.switchTaps(
                    loose.stream().filter(tap -> used.contains(tap.name())).toList(), true);
            loose.forEach(tap -> repaired.add(
                    "tap " + tap.name() + " was not in the bridge, or not isolated as it should be, or down"));
        }
    }

    /** The firewall's name. */
    public String firewall() {
        return firewall.name();
    }

    /** The link that NAT goes out of, or would. */
    public Optional<String> uplink() {
        return discover();
    }

    /** Whether a VM is plugged in, and all rules are what they should be. Looks, changes nothing. */
    public boolean holds(String vmId) {
        rules.lock();
        try {
            return ports.containsKey(vmId) && firewall.holds(current());
        } finally {
            rules.unlock();
        }
    }

    /** What went over a tap since it was made, as the guest sees it; a tap has one VM in its life. Runs no program. */
    public Optional<NetworkUsage> traffic(Tap tap) {
        return Optional.ofNullable(links.traffic().get(tap.name()));
    }

    /** How many packets each plugged VM, by its id, was denied to send beyond the host. */
    public Map<String, Long> denied() {
        rules.lock();
        try {
            return firewall.denied(home);
        } finally {
            rules.unlock();
        }
    }

    /** What {@code doctor} says of it. Looks, changes nothing. */
    public List<Check> doctor() {
        rules.lock();
        try {
            List<String> findings = new ArrayList<>();
            if (!ownBridge.isThere()) {
                findings.add("bridge " + bridge.name() + " is not there");
            }
            if (!firewall.holds(current())) {
                findings.add("firewall rules differ from what they should be");
            }
            if (current().nat() && discover().isEmpty()) {
                findings.add("there is no default route for NAT");
            }
            findings.addAll(firewall.obstacles(current()));
            List<Check> checks = new ArrayList<>(cutOff());
            if (!findings.isEmpty()) {
                checks.add(new Check(
                        Status.WARN,
                        "network",
                        String.join("; ", findings),
                        "what banger can put right it does within a minute; see its log"));
            }
            if (!checks.isEmpty()) {
                return checks;
            }
            return List.of(new Check(
                    Status.PASS,
                    "network",
                    "bridge " + bridge.name() + " " + bridge.address() + "/" + bridge.prefixLength() + ", "
                            + firewall.name() + ", uplink " + discover().orElse("none") + ", " + taps.freeCount()
                            + " free taps",
                    ""));
        } catch (BangerException e) {
            return List.of(new Check(Status.FAIL, "network", String.valueOf(e.getMessage()), ""));
        } finally {
            rules.unlock();
        }
    }

    /** VMs whose tap was destroyed while they run: their VMM holds on to one that leads nowhere. */
    private List<Check> cutOff() {
        Map<String, Links.Link> present = byName(links.list());
        return ports.values().stream()
                .filter(port -> !isThere(port.tap(), present))
                .map(port -> new Check(
                        Status.WARN,
                        "network of VM " + port.vmId(),
                        "its tap " + port.tap().name() + " is gone, and with it its network",
                        "restart the VM: banger vm restart " + port.vmId()))
                .toList();
    }

    private static Map<String, Links.Link> byName(List<Links.Link> links) {
        return links.stream().collect(Collectors.toMap(Links.Link::name, link -> link, (one, two) -> one));
    }

    private boolean isThere(Tap tap, Map<String, Links.Link> present) {
        Links.@Nullable Link link = present.get(tap.name());
        return link != null && link.ifindex() == tap.ifindex() && home.owns(link);
    }

    /**
     * Lets go of the host. With VMs plugged in, which run on, their rules, taps and the bridge stay; without any, nothing of ours
     * does. Every part is tried; failures are joined. Closing twice is harmless.
     */
    @Override
    public void close() {
        rules.lock();
        try {
            if (!open) {
                return;
            }
            open = false;
            List<Runnable> parts = new ArrayList<>();
            parts.add(taps::drain);
            if (ports.isEmpty() && !taps.anyTaken()) {
                parts.add(() -> firewall.remove(home));
                parts.add(ownBridge::delete);
            }
            EveryPart.run(parts);
        } finally {
            rules.unlock();
        }
    }
}
