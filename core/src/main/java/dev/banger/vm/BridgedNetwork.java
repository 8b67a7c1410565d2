package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.api.NatStatus;
import dev.banger.api.NetworkUsage;
import dev.banger.api.PinnedAddress;
import dev.banger.api.PublishedPort;
import dev.banger.network.BridgeServices;
import dev.banger.network.BridgeSettings;
import dev.banger.network.GuestPort;
import dev.banger.network.HostNetwork;
import dev.banger.network.Ipv4Address;
import dev.banger.network.MacAddress;
import dev.banger.network.Tap;
import dev.banger.operation.Lack;
import dev.banger.operation.Uninterrupted;
import dev.banger.vm.Identity.NetworkSettings;
import dev.banger.vm.Vmm.Attachment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VMs at a bridge, the common one or that of a named network: each has a tap and an address that the host reaches. Nothing is made before the first VM asks for it. While
 * there is anything on the host, a file says so, by which a daemon finds what a killed one left. Thread-safe.
 */
public final class BridgedNetwork implements Network, AutoCloseable {
    public static final String NAME = "bridge";

    private static final Logger LOG = LoggerFactory.getLogger(BridgedNetwork.class);
    private static final int SSH = 22;
    private static final long LOOK_SECONDS = 10;
    private static final long FRESH_NANOS = 1_000_000_000;

    private final String name;
    private final HostNetwork network;
    private final BridgeSettings bridge;
    private final Path marker;
    private final Supplier<List<Lack>> lacking;
    private final BridgeServices services;
    private final NamePins pins;
    /** Orders changes of policies and pins: what was decided last is what is applied last. */
    private final ReentrantLock policies = new ReentrantLock();

    private final Map<String, Tap> taps = new ConcurrentHashMap<>();
    private final Map<String, Future<Void>> plugs = new ConcurrentHashMap<>();
    private final Map<String, Denied> denied = new ConcurrentHashMap<>();
    private final ScheduledExecutorService background = Executors.newSingleThreadScheduledExecutor(
            task -> Thread.ofPlatform().daemon().name("network").unstarted(task));
    private boolean open;
    /** Whether it is looked after, which outlasts {@link #shut}: what is not open is left alone. */
    private boolean looking;

    /** How many packets a VM was denied, and when that was asked. */
    private record Denied(long packets, long at) {}

    /**
     * @param name {@link #NAME}, or that of a named network
     * @param marker a file that is there while the host has anything of it
     * @param lacking what this host lacks for it
     */
    public BridgedNetwork(
            String name,
            HostNetwork network,
            BridgeSettings bridge,
            Path marker,
            Supplier<List<Lack>> lacking,
            BridgeServices services) {
        this.name = name;
        this.network = network;
        this.bridge = bridge;
        this.marker = marker;
        this.lacking = lacking;
        this.services = services;
        pins = new NamePins(
                bridge.subnet(),
                new PinFile(marker.resolveSibling(marker.getFileName() + ".pins")),
                this::applyPins,
                InstantSource.system());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<Lack> lacks() {
        return lacking.get();
    }

    @Override
    public Addresses addresses(Set<String> guestIps, Set<String> hostAddresses) {
        int size = 1 << 32 - bridge.prefixLength();
        for (int i = 1; i < size - 1; i++) {
            Ipv4Address address = new Ipv4Address(bridge.subnet().network().bits() + i);
            if (!address.equals(bridge.address()) && !hostAddresses.contains(address.toString())) {
                return new Addresses(address + "/" + bridge.prefixLength(), address.toString());
            }
        }
        throw new BangerException(ErrorCode.RESOURCE_EXHAUSTED, "no address is left in " + bridge.subnet());
    }

    @Override
    public void check(VmSpec spec) {
        NetworkPolicy.of(spec);
        NetworkPolicy.rate(spec);
        for (PublishedPort port : spec.ports()) {
            if (port.address() != null && port.address().startsWith("127.")) {
                throw BangerException.invalid("a port of a bridged VM is not published on " + port.address()
                        + ": this host reaches it at the VM's address");
            }
        }
    }

    @Override
    public NetworkSettings guestSettings() {
        return new NetworkSettings(
                bridge.address().toString(), List.of(bridge.address().toString()));
    }

    /** The rules are made while the VMM starts; its tap is down until they are in place. */
    @Override
    public Attachment attach(VmRecord vm) {
        ensureOpen(List.of());
        services.opened(pins::answered);
        Tap tap = tap(vm);
        FutureTask<Void> plug = new FutureTask<>(
                () -> {
                    plug(vm, tap);
                    denied.put(vm.id(), new Denied(0, System.nanoTime()));
                    later(network::ensureTaps);
                },
                null);
        plugs.put(vm.id(), plug);
        Thread.ofPlatform().daemon().name("plug " + vm.name()).start(plug);
        return new Attachment(
                vm.runtime().hostAddress(), vm.runtime().mac(), SSH, vm.spec().ports(), tap);
    }

    @Override
    public Attachment prepare(VmRecord vm) {
        ensureOpen(List.of());
        return new Attachment(vm.runtime().hostAddress(), vm.runtime().mac(), 0, List.of(), tap(vm));
    }

    /** Its own, which one that was prepared has already. */
    private Tap tap(VmRecord vm) {
        Tap prepared = taps.get(vm.id());
        if (prepared != null) {
            return prepared;
        }
        Tap tap = network.acquireTap();
        taps.put(vm.id(), tap);
        return tap;
    }

    @Override
    public void awaitAttached(VmRecord vm) {
        Future<Void> plug = plugs.remove(vm.id());
        if (plug == null) {
            return;
        }
        try {
            plug.get();
        } catch (InterruptedException e) {
            plugs.put(vm.id(), plug); // whoever releases the VM waits for it
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while the firewall was set up", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof BangerException failure) {
                throw failure;
            }
            throw new IllegalStateException("could not set up the firewall", e.getCause());
        }
    }

    private void plug(VmRecord vm, Tap tap) {
        policies.lock();
        try {
            network.plug(port(vm, tap));
        } finally {
            policies.unlock();
        }
    }

    private void applyPins(String vmId) {
        policies.lock();
        try {
            if (taps.containsKey(vmId)) {
                network.changeEgress(vmId, pins.egress(vmId));
            }
        } finally {
            policies.unlock();
        }
    }

    private GuestPort port(VmRecord vm, Tap tap) {
        pins.begin(vm, NetworkPolicy.of(vm.spec()));
        return new GuestPort(
                vm.id(),
                tap,
                new MacAddress(vm.runtime().mac()),
                Ipv4Address.of(vm.runtime().hostAddress()),
                pins.egress(vm.id()),
                vm.spec().ports(),
                NetworkPolicy.rate(vm.spec()));
    }

    @Override
    public void release(VmRecord vm) {
        Tap tap = taps.remove(vm.id());
        if (tap == null) {
            return;
        }
        Uninterrupted.run(() -> awaitEnd(vm));
        denied.remove(vm.id());
        try {
            network.unplug(vm.id());
        } finally {
            pins.end(vm);
            later(() -> network.releaseTap(tap)); // for the next VM; this one is off the network
        }
    }

    /** Of a plug under way: undone is only what has been done. */
    private void awaitEnd(VmRecord vm) {
        try {
            awaitAttached(vm);
        } catch (BangerException e) {
            LOG.debug("VM {} was not plugged in", vm.name(), e);
        }
    }

    @Override
    public void change(VmRecord vm) {
        Tap tap = taps.get(vm.id());
        if (tap != null) {
            plug(vm, tap);
        }
    }

    @Override
    public void takeUp(List<VmRecord> running) {
        try {
            if (running.isEmpty() && Files.notExists(marker)) {
                return;
            }
            List<GuestPort> live = new ArrayList<>();
            running.stream()
                    .filter(vm -> vm.runtime().tap() != null)
                    .forEach(vm -> pins.begin(vm, NetworkPolicy.of(vm.spec())));
            pins.takeUp();
            for (VmRecord vm : running) {
                Tap tap = vm.runtime().tap();
                if (tap != null) {
                    taps.put(vm.id(), tap);
                    live.add(port(vm, tap));
                }
            }
            ensureOpen(live);
            if (taps.isEmpty()) {
                shut();
            } else {
                services.opened(pins::answered);
            }
        } catch (BangerException e) {
            LOG.warn("Could not take up the bridged network: {}", e.getMessage(), e);
        }
    }

    private synchronized void ensureOpen(List<GuestPort> live) {
        if (open) {
            return;
        }
        Lack.refuse("have the network " + name + " here", lacking.get());
        try {
            Files.writeString(marker, bridge + "\n"); // intent first
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot write " + marker + ": " + e, e);
        }
        network.open(live);
        open = true;
        if (!looking) {
            background.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
            looking = true;
        }
    }

    private void look() {
        try {
            if (!network.reconcile().repaired().isEmpty()) {
                services.repaired();
            }
        } catch (RuntimeException e) { // the next look tries again
            LOG.warn("Could not look after the bridged network", e);
        }
    }

    private void later(Runnable work) {
        try {
            background.execute(() -> {
                try {
                    work.run();
                } catch (RuntimeException e) { // the next look, or the next daemon, sees to it
                    LOG.warn("Could not look after the taps", e);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("The daemon ends, and its successor looks after the taps", e);
        }
    }

    private synchronized void shut() {
        if (!open) {
            return;
        }
        open = false;
        services.closed();
        network.close();
        if (taps.isEmpty()) {
            pins.forget();
            try {
                Files.deleteIfExists(marker);
            } catch (IOException e) {
                LOG.warn("Cannot remove {}", marker, e);
            }
        }
    }

    /** At most a second old: a list of all VMs asks for each of them, and the answer for one is the answer for all. */
    @Override
    public long denied(VmRecord vm) {
        if (!taps.containsKey(vm.id())) {
            return 0;
        }
        Denied known = denied.get(vm.id());
        if (known == null || System.nanoTime() - known.at() > FRESH_NANOS) {
            Map<String, Long> counts = network.denied();
            long now = System.nanoTime();
            taps.keySet().forEach(id -> denied.put(id, new Denied(counts.getOrDefault(id, 0L), now)));
            return counts.getOrDefault(vm.id(), 0L);
        }
        return known.packets();
    }

    @Override
    public Optional<NetworkUsage> traffic(VmRecord vm) {
        return Optional.ofNullable(taps.get(vm.id())).flatMap(network::traffic);
    }

    @Override
    public List<PinnedAddress> pinned(VmRecord vm) {
        return pins.pinned(vm.id());
    }

    @Override
    public Optional<BridgeSettings> bridge() {
        return Optional.of(bridge);
    }

    private String label() {
        return name.equals(NAME) ? NAME : "network " + name;
    }

    @Override
    public NatStatus natStatus(VmRecord vm) {
        return new NatStatus(
                vm.id(),
                vm.name(),
                vm.spec().nat(),
                network.uplink().orElse(null),
                taps.containsKey(vm.id()) && network.holds(vm.id()));
    }

    @Override
    public List<Check> doctor() {
        List<Lack> lacks = lacking.get();
        if (!lacks.isEmpty()) {
            // Not everybody wants it: what a user cannot have, a root's daemon may lack.
            String finding = lacks.stream().map(Lack::sentence).collect(Collectors.joining("; "));
            return List.of(
                    new Check(Status.PASS, label(), "not here: " + finding, String.join("; ", Lack.advice(lacks))));
        }
        synchronized (this) {
            if (open) {
                return network.doctor();
            }
        }
        return List.of(new Check(
                Status.PASS,
                label(),
                bridge.name() + " with " + bridge.address() + "/" + bridge.prefixLength() + ", by " + network.firewall()
                        + ", is made when a VM asks for it",
                ""));
    }

    /** VMs that run keep their taps and rules; without any, nothing is left. */
    @Override
    public void close() {
        pins.close();
        background.shutdown(); // what was put off is done: a tap that is not given back keeps the bridge
        try {
            if (!background.awaitTermination(20, TimeUnit.SECONDS)) {
                LOG.warn("Looking after the network did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        shut();
    }
}
