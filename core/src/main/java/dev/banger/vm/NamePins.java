package dev.banger.vm;

import dev.banger.api.PinnedAddress;
import dev.banger.network.Cidr;
import dev.banger.network.Egress;
import dev.banger.network.Ipv4Address;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The addresses of allowed names, for each VM: what its DNS server is about to tell it. A guest has its answer when its rules
 * are in place, and its rules change only so often, whatever it asks: the firewall is there for others as well. One thread
 * changes them, in the order in which guests asked. Thread-safe.
 */
final class NamePins implements AutoCloseable {
    /** Of one VM; the ones told longest ago go first. */
    static final int LIMIT = 256;
    /** Programs keep connections for longer than a TTL, and are cut off when the address goes. */
    static final Duration SHORTEST = Duration.ofHours(1);
    /** Who serves a name chooses its TTL. */
    static final Duration LONGEST = Duration.ofDays(1);

    private static final Logger LOG = LoggerFactory.getLogger(NamePins.class);
    /** Changes of one VM's rules: so many at once, and then one in each interval. */
    private static final int BURST = 32;

    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final CompletionStage<?> DONE = CompletableFuture.completedStage(null);

    /**
     * Never reached by a name: who serves it could point at this host, its neighbours and their devices (DNS rebinding). Private
     * networks, RFC 1918 and 6598, and those of RFC 6890 that are nowhere. An address that is allowed as one is another matter.
     */
    private static final List<Cidr> REFUSED = Stream.of(
                    "0.0.0.0/8",
                    "10.0.0.0/8",
                    "100.64.0.0/10",
                    "127.0.0.0/8",
                    "169.254.0.0/16",
                    "172.16.0.0/12",
                    "192.168.0.0/16",
                    "224.0.0.0/4",
                    "240.0.0.0/4")
            .map(Cidr::of)
            .toList();

    private final Cidr subnet;
    private final Consumer<String> change;
    private final PinFile file;
    private final InstantSource clock;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            task -> Thread.ofPlatform().daemon().name("pins").unstarted(task));

    // Guarded by the monitor, which is held for nothing but these.
    private final Map<Ipv4Address, Guest> guests = new HashMap<>();
    private boolean expiring;
    private boolean unwritten;

    private static final class Guest {
        final String vmId;
        NetworkPolicy policy;
        /** Until when; in the order in which they were told. */
        final Map<PinnedAddress, Instant> pins = new LinkedHashMap<>();
        /** What the rules lack is on its way. */
        @Nullable
        CompletableFuture<Void> waiting;
        /** The rules are being changed. */
        @Nullable
        CompletableFuture<Void> running;
        /** The last change failed. */
        boolean stale;
        /** When it will have made up for all of its changes. */
        Instant madeUp = Instant.MIN;

        Guest(String vmId, NetworkPolicy policy) {
            this.vmId = vmId;
            this.policy = policy;
        }
    }

    /**
     * @param subnet of the bridge
     * @param file keeps them for the next daemon
     * @param change makes the rules of the VM with that id what {@link #egress} says; called by the thread alone
     */
    NamePins(Cidr subnet, PinFile file, Consumer<String> change, InstantSource clock) {
        this.subnet = subnet;
        this.change = change;
        this.file = file;
        this.clock = clock;
    }

    /** A VM has, or gets, a policy; the addresses of names that it still allows stay. */
    synchronized void begin(VmRecord vm, NetworkPolicy policy) {
        Guest guest = guests.compute(
                Ipv4Address.of(vm.runtime().hostAddress()),
                (address, known) -> known != null && known.vmId.equals(vm.id()) ? known : new Guest(vm.id(), policy));
        guest.policy = policy;
        guest.pins.keySet().removeIf(pin -> !policy.names(pin.name()));
        if (!policy.names().isEmpty() && !expiring) {
            expiring = true;
            thread.scheduleWithFixedDelay(this::expire, 1, 1, TimeUnit.MINUTES);
        }
    }

    /** Takes up what a daemon before this one left, for the VMs that run and have begun. */
    synchronized void takeUp() {
        Instant now = clock.instant();
        for (PinFile.Entry each : file.read()) {
            guest(each.vmId())
                    .filter(guest -> guest.policy.names(each.pin().name())
                            && each.until().isAfter(now)
                            && guest.pins.size() < LIMIT)
                    .forEach(guest -> guest.pins.put(each.pin(), each.until()));
        }
    }

    /** Nothing is left for a next daemon. */
    synchronized void forget() {
        file.delete();
    }

    /** A VM has ended. */
    synchronized void end(VmRecord vm) {
        guests.values().removeIf(guest -> guest.vmId.equals(vm.id()));
    }

    private Stream<Guest> guest(String vmId) {
        return guests.values().stream().filter(guest -> guest.vmId.equals(vmId));
    }

    /** What a VM may reach now. @throws java.util.NoSuchElementException if it has no policy */
    synchronized Egress egress(String vmId) {
        Guest guest = guest(vmId).findFirst().orElseThrow();
        return guest.policy.egress(sorted(guest));
    }

    /** What is pinned for a VM, sorted. */
    synchronized List<PinnedAddress> pinned(String vmId) {
        return guest(vmId).flatMap(NamePins::sorted).toList();
    }

    /** Equal pins make equal rules, in whatever order they were told. */
    private static Stream<PinnedAddress> sorted(Guest guest) {
        return guest.pins.keySet().stream()
                .sorted(Comparator.comparing(PinnedAddress::name).thenComparing(pin -> Ipv4Address.of(pin.address())));
    }

    /**
     * What a guest is about to be told. Never waits.
     *
     * @return done when the guest's rules are made of it, failed when they cannot be
     */
    synchronized CompletionStage<?> answered(Ipv4Address address, String name, List<Ipv4Address> told, Duration ttl) {
        Guest guest = guests.get(address);
        if (guest == null || !guest.policy.names(name)) {
            return DONE;
        }
        boolean news = guest.stale;
        Instant until = clock.instant()
                .plus(ttl.compareTo(SHORTEST) < 0 ? SHORTEST : ttl.compareTo(LONGEST) > 0 ? LONGEST : ttl);
        for (Ipv4Address each : told) {
            if (subnet.contains(each) || REFUSED.stream().anyMatch(range -> range.contains(each))) {
                LOG.debug("{} is {}, which no name opens to VM {}", name, each, guest.vmId);
                continue;
            }
            PinnedAddress pin = new PinnedAddress(name, each.toString());
            news |= guest.pins.remove(pin) == null;
            guest.pins.put(pin, until);
            unwritten = true;
        }
        for (Iterator<PinnedAddress> oldest = guest.pins.keySet().iterator(); guest.pins.size() > LIMIT; ) {
            oldest.next();
            oldest.remove();
        }
        if (news) {
            return schedule(guest);
        }
        return guest.waiting != null ? guest.waiting : guest.running != null ? guest.running : DONE;
    }

    private CompletableFuture<Void> schedule(Guest guest) {
        if (guest.waiting != null) {
            return guest.waiting;
        }
        CompletableFuture<Void> waiting = new CompletableFuture<>();
        Instant now = clock.instant();
        guest.madeUp = (guest.madeUp.isAfter(now) ? guest.madeUp : now).plus(INTERVAL);
        Duration delay = Duration.between(now, guest.madeUp.minus(INTERVAL.multipliedBy(BURST)));
        try {
            thread.schedule(() -> apply(guest), Math.max(0, delay.toMillis()), TimeUnit.MILLISECONDS);
            guest.waiting = waiting;
        } catch (RejectedExecutionException e) { // the daemon ends
            waiting.completeExceptionally(e);
        }
        return waiting;
    }

    private void apply(Guest guest) {
        CompletableFuture<Void> batch;
        boolean there;
        synchronized (this) {
            batch = guest.waiting == null ? new CompletableFuture<>() : guest.waiting;
            guest.waiting = null;
            guest.running = batch;
            there = guests.containsValue(guest);
        }
        keep(); // first: what a guest knows, the next daemon knows
        @Nullable RuntimeException failure = null;
        try {
            if (there) {
                change.accept(guest.vmId);
            }
        } catch (RuntimeException e) {
            failure = e;
            LOG.warn("Could not let VM {} reach what it asked for", guest.vmId, e);
        }
        synchronized (this) {
            guest.running = null;
            guest.stale = failure != null;
        }
        if (failure == null) {
            batch.complete(null);
        } else {
            batch.completeExceptionally(failure);
        }
    }

    /** Writes down what is not yet; the DNS server does not wait for the disk. */
    private void keep() {
        List<PinFile.Entry> entries;
        synchronized (this) {
            if (!unwritten) {
                return;
            }
            unwritten = false;
            entries = entries();
        }
        file.write(entries);
    }

    private List<PinFile.Entry> entries() {
        return guests.values().stream()
                .flatMap(guest -> guest.pins.entrySet().stream()
                        .map(pin -> new PinFile.Entry(guest.vmId, pin.getKey(), pin.getValue())))
                .toList();
    }

    /** Forgets what is over, and changes the rules of those guests. */
    void expire() {
        Instant now = clock.instant();
        synchronized (this) {
            for (Guest guest : guests.values()) {
                if (guest.pins.values().removeIf(until -> !until.isAfter(now))) {
                    unwritten = true;
                    schedule(guest);
                }
            }
        }
        keep();
    }

    /** Answers that wait are given up. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}
