package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.operation.Progress;
import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VMs that are prepared ahead of need: restored from a template, with a work disk and keys of their own, and paused. A new VM of
 * the same make takes one over with its directory and id. They are nobody's until then, so they end with the daemon, and at its
 * next start those that a killed one left. Thread-safe.
 */
public final class Pool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Pool.class);
    private static final Duration HELLO = Duration.ofSeconds(20);
    private static final Duration IDENTIFY = Duration.ofSeconds(20);
    private static final Duration END = Duration.ofSeconds(5);
    /** The command that a VM was taken for comes first, and so do those that follow it at once. */
    private static final long REFILL_AFTER_MILLIS = 2000;

    private static final long LOOK_AFTER_SECONDS = 10;
    /** Of how many makes there are VMs at a time: those used last. */
    private static final int MOST_MAKES = 2;

    private static final long LEAST_AVAILABLE_MIB = 768;

    private final Templates templates;
    private final HostSeams host;
    private final VmDirectories directories;
    private final int size;
    private final LongSupplier availableMiB;
    private final SecureRandom random = new SecureRandom();
    private final List<Prepared> prepared = new ArrayList<>();
    private final Map<Make, Templates.Machine> wanted = new LinkedHashMap<>(16, 0.75f, true);
    private final ScheduledExecutorService background = Executors.newSingleThreadScheduledExecutor(
            task -> Thread.ofPlatform().daemon().name("pool").unstarted(task));
    private @Nullable ScheduledFuture<?> nextRefill;
    private boolean closed;

    /**
     * @param directory where they lie until they are taken; on the same file system as VMs' directories
     * @param size how many of each make; 0: none
     * @param availableMiB memory the host has left
     */
    public Pool(Templates templates, HostSeams host, Path directory, int size, LongSupplier availableMiB) {
        this.templates = templates;
        this.host = host;
        this.directories = new VmDirectories(directory);
        this.size = size;
        this.availableMiB = availableMiB;
    }

    /** How many of each make a host with so much memory can spare. */
    public static int defaultSize(long hostMemoryMiB) {
        return hostMemoryMiB < 4096 ? 0 : hostMemoryMiB < 16_384 ? 1 : 2;
    }

    /** What two VMs have in common when one can be taken for the other. */
    private record Make(String template, long workDiskBytes, String network) {}

    /** One of them. It belongs to whoever takes it. */
    static final class Prepared {
        private final Make make;
        private final VmRecord record;
        private final RunningVm running;
        private final GuestChannel channel;

        private Prepared(Make make, VmRecord record, RunningVm running, GuestChannel channel) {
            this.make = make;
            this.record = record;
            this.running = running;
            this.channel = channel;
        }

        String id() {
            return record.id();
        }

        Path directory() {
            return record.directory();
        }

        DiskKind diskKind() {
            return DiskKind.of(record.runtime().systemOverlay());
        }

        /** Its process, under the VM that has taken it, whose ports are published. */
        RunningVm running(Vmm.BootSpec spec) {
            running.movedTo(spec.directory());
            running.publish(spec.network());
            return running;
        }

        GuestChannel channel() {
            return channel;
        }

        void end() {
            channel.close();
            running.kill();
            if (!running.awaitExit(END)) {
                LOG.warn(
                        "Process {} does not end although it was killed",
                        running.handles().pid());
            }
            running.close();
        }
    }

    /** One of that make, no longer in the pool; and one more is prepared. */
    Optional<Prepared> take(Templates.Machine machine, VmSpec spec) {
        if (size == 0) {
            return Optional.empty();
        }
        Make make = new Make(machine.key().id(), spec.workDiskBytes(), spec.network());
        Prepared found = null;
        synchronized (this) {
            if (closed) {
                return Optional.empty();
            }
            for (Iterator<Prepared> each = prepared.iterator(); each.hasNext() && found == null; ) {
                Prepared candidate = each.next();
                if (candidate.make.equals(make)) {
                    each.remove();
                    found = candidate;
                }
            }
            wanted.put(make, machine);
            if (wanted.size() > MOST_MAKES) {
                wanted.remove(wanted.keySet().iterator().next());
            }
        }
        refillLater();
        if (found != null && !found.running.isAlive()) {
            discard(found);
            return Optional.empty();
        }
        return Optional.ofNullable(found);
    }

    /** Not before VMs have not been asked for for a while: preparing one takes what the next would start with. */
    private synchronized void refillLater() {
        ScheduledFuture<?> waiting = nextRefill;
        if (waiting != null) {
            waiting.cancel(false);
        }
        try {
            nextRefill = background.schedule(this::refill, REFILL_AFTER_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("No VM is prepared: the daemon ends", e);
        }
    }

    private void refill() {
        try {
            dropUnwanted();
            for (Map.Entry<Make, Templates.Machine> each : snapshot()) {
                while (isQuiet()
                        && isWanted(each.getKey())
                        && count(each.getKey()) < size
                        && enoughMemory(each.getValue())
                        && prepare(each)) {}
            }
        } catch (BangerException e) {
            LOG.warn("Could not prepare a VM: {}", e.getMessage(), e);
        } catch (RuntimeException e) { // a new VM then starts without one
            LOG.error("Could not prepare a VM", e);
        }
    }

    /** Whether no VM was asked for in the last moment; when one was, it is refilled after that. */
    private synchronized boolean isQuiet() {
        return nextRefill == null || nextRefill.getDelay(TimeUnit.MILLISECONDS) <= 0;
    }

    private synchronized List<Map.Entry<Make, Templates.Machine>> snapshot() {
        return wanted.entrySet().stream()
                .map(each -> Map.entry(each.getKey(), each.getValue()))
                .toList();
    }

    private synchronized int count(Make make) {
        return closed
                ? size
                : (int) prepared.stream().filter(each -> each.make.equals(make)).count();
    }

    private boolean enoughMemory(Templates.Machine machine) {
        return availableMiB.getAsLong()
                > Math.max(LEAST_AVAILABLE_MIB, machine.key().memoryMiB());
    }

    /** Ends those in a network that is about to be deleted; none is made in it any more unless somebody asks. */
    void leave(Network network) {
        leave(wish -> wish.getKey().network().equals(network.name()));
    }

    /** The same with those made of an image, or with a kernel, that is about to be deleted. */
    void leaveMachines(Predicate<MachineKey> doomed) {
        leave(wish -> doomed.test(wish.getValue().key()));
    }

    private void leave(Predicate<Map.Entry<Make, Templates.Machine>> doomed) {
        synchronized (this) {
            wanted.entrySet().removeIf(doomed);
        }
        try {
            background.submit(this::dropUnwanted).get(); // behind one that is being prepared
        } catch (RejectedExecutionException e) {
            LOG.debug("They go with the daemon", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while prepared VMs were ended", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("could not end prepared VMs", e.getCause());
        }
    }

    private synchronized boolean isWanted(Make make) {
        return wanted.containsKey(make);
    }

    /** Those nobody has asked for lately, those of templates that are gone, and under memory pressure all. */
    private void dropUnwanted() {
        List<Prepared> dropped = new ArrayList<>();
        boolean pressure = availableMiB.getAsLong() < LEAST_AVAILABLE_MIB / 2;
        synchronized (this) {
            prepared.removeIf(each -> {
                boolean drop = pressure || !wanted.containsKey(each.make) || !each.running.isAlive();
                return drop && dropped.add(each);
            });
        }
        if (pressure && !dropped.isEmpty()) {
            LOG.info("Memory is scarce: {} prepared VMs were dropped", dropped.size());
        }
        dropped.forEach(this::discard);
    }

    /** @return whether it makes sense to prepare another */
    private boolean prepare(Map.Entry<Make, Templates.Machine> wish) {
        Templates.Machine machine = wish.getValue();
        Optional<Snapshot> template = templates.find(machine.key(), Progress.none());
        if (template.isEmpty()) {
            return false;
        }
        VmRecord vm = HostSeams.withNewDisks(
                record(machine, wish.getKey()), DiskKind.of(template.get().disk("root")));
        try (Rollback rollback = new Rollback()) {
            rollback.push("a prepared VM", () -> directories.delete(vm.directory()));
            directories.create(vm.directory());
            Prepared made = restored(wish.getKey(), machine, template.get(), vm, rollback);
            synchronized (this) {
                if (closed) {
                    return false; // and is undone
                }
                prepared.add(made);
            }
            rollback.keep();
            LOG.debug("Prepared VM {}", vm.id());
            return true;
        }
    }

    private Prepared restored(Make make, Templates.Machine machine, Snapshot template, VmRecord vm, Rollback rollback) {
        Path root = Path.of(vm.runtime().systemOverlay());
        rollback.push("the root disk of a prepared VM", () -> host.rootDisks().release(root));
        Network network = host.networks().of(vm);
        rollback.push("the network of a prepared VM", () -> network.release(vm));
        RunningVm running = machine.choice()
                .vmm()
                .restore(
                        machine.bootSpec(vm, host.disks(vm, machine, template.disk("root")), network.prepare(vm)),
                        template.file(Snapshot.MEMORY),
                        template.file(Snapshot.STATE));
        rollback.push("the VMM of a prepared VM", () -> {
            running.kill();
            running.awaitExit(END);
            running.close();
        });
        running.resume();
        GuestChannel channel = host.guests()
                .connect(Path.of(vm.runtime().vsockPath()), running.vsockPort(), true, HELLO, running::isAlive);
        rollback.push("the channel to a prepared VM", channel::close);
        channel.identify(host.identity(vm, Identity.RESTORED), IDENTIFY);
        host.flush(vm);
        runOnce(channel);
        running.pause();
        return new Prepared(make, vm, running, channel);
    }

    /** What a first command needs is then translated. */
    private static void runOnce(GuestChannel channel) {
        try (ExecSession session = channel.exec(new ExecRequest(List.of("true"), Map.of(), null, null, null))) {
            session.await();
        } catch (BangerException e) {
            LOG.debug("The image has no \"true\"", e);
        }
    }

    private VmRecord record(Templates.Machine machine, Make make) {
        String id = hex(6);
        Instant now = Instant.now();
        return new VmRecord(
                id,
                "prepared",
                new VmSpec(
                        machine.key().image(),
                        machine.key().imageDigest(),
                        machine.key().kernel(),
                        machine.key().cpus(),
                        machine.key().memoryMiB(),
                        make.workDiskBytes(),
                        machine.key().acceleration(),
                        make.network(),
                        List.of(),
                        true,
                        0,
                        false,
                        List.of(),
                        0,
                        machine.key().nested(),
                        machine.choice().vmm().name(),
                        null),
                VmRuntime.in(
                        directories.of(id),
                        "prepared",
                        host.networks()
                                .named(make.network())
                                .addresses(Set.of(), Set.of())
                                .guestIp(),
                        "127.0.0.1",
                        VmCreation.mac(id),
                        hex(16)),
                now,
                now);
    }

    private String hex(int bytes) {
        byte[] value = new byte[bytes];
        random.nextBytes(value);
        return HexFormat.of().formatHex(value);
    }

    void discard(Prepared each) {
        each.end();
        host.networks().of(each.record).release(each.record);
        try {
            host.rootDisks().release(Path.of(each.record.runtime().systemOverlay()));
            directories.delete(each.directory());
        } catch (BangerException e) {
            LOG.warn("Could not delete {}", each.directory(), e);
        }
    }

    /** Ends what a daemon that was killed had prepared, and begins to look after memory. Called once, before anything else. */
    void start() {
        host.processes().scan(directories.root()).values().forEach(host.processes()::kill);
        host.rootDisks().releaseAll(directories.root());
        directories.ids().forEach(id -> directories.delete(directories.of(id)));
        background.scheduleWithFixedDelay(this::refill, LOOK_AFTER_SECONDS, LOOK_AFTER_SECONDS, TimeUnit.SECONDS);
    }

    /** What there is of it: how many, and the memory of their VMMs, shared pages divided among those that share them. */
    public Usage usage() {
        List<Prepared> now;
        synchronized (this) {
            now = List.copyOf(prepared);
        }
        long bytes = now.stream()
                .mapToLong(each -> host.processes()
                        .usage(each.running.handles().pid())
                        .map(VmmProcesses.Usage::proportionalBytes)
                        .orElse(0L))
                .sum();
        return new Usage(now.size(), bytes);
    }

    public record Usage(int vms, long bytes) {}

    /** The same in words. */
    public Check doctor() {
        Usage usage = usage();
        return new Check(
                Status.PASS,
                "pool",
                size == 0
                        ? "no VMs are prepared ahead of need"
                        : usage.vms() + " VMs are prepared (" + size + " of each make), in " + (usage.bytes() >> 20)
                                + " MiB of memory",
                "");
    }

    @Override
    public void close() {
        List<Prepared> rest;
        synchronized (this) {
            closed = true;
            rest = List.copyOf(prepared);
            prepared.clear();
        }
        background.shutdownNow();
        try {
            if (!background.awaitTermination(20, TimeUnit.SECONDS)) {
                LOG.warn("The preparing of a VM did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        rest.forEach(this::discard);
    }
}
