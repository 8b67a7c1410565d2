package dev.banger.testkit;

import dev.banger.api.BangerException;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.GuestConnection;
import dev.banger.api.StageTiming;
import dev.banger.api.TerminalSize;
import dev.banger.image.Image;
import dev.banger.operation.Lack;
import dev.banger.vm.Acceleration;
import dev.banger.vm.DiskKind;
import dev.banger.vm.GuestChannel;
import dev.banger.vm.GuestConnector;
import dev.banger.vm.HostSeams;
import dev.banger.vm.Identity;
import dev.banger.vm.Network;
import dev.banger.vm.Networks;
import dev.banger.vm.RootDisks;
import dev.banger.vm.RunningVm;
import dev.banger.vm.VmCapability;
import dev.banger.vm.VmHandles;
import dev.banger.vm.VmRecord;
import dev.banger.vm.VmSpec;
import dev.banger.vm.Vmm;
import dev.banger.vm.VmmProcesses;
import dev.banger.vm.VmmSelector;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A host in memory: processes that "run" until they are killed, guests that answer or do not, and a place to make any step
 * fail. It outlives services, so that a second one can be started on it as a daemon is after a crash. Thread-safe.
 */
public final class FakeHost implements Vmm, GuestConnector, VmmProcesses, RootDisks, Network {
    /** Steps that can be told to fail. */
    public enum Step {
        ROOT_DISK,
        FLUSH,
        NETWORK,
        BOOT,
        HELLO,
        IDENTIFY,
        SET_CLOCK,
        GROW_DISK,
        GROW_GUEST,
        AFTER_START,
        SAVE,
        SWITCH_DISKS,
        INTO_IMAGE
    }

    private final Map<String, FakeVm> running = new HashMap<>();
    private final Set<Step> failing = new HashSet<>();
    private final Set<Step> late = new HashSet<>();
    private final Set<String> attached = new HashSet<>();
    private final List<String> log = new ArrayList<>();
    private long lastPid = 1000;
    private boolean guestStopsWhenAsked = true;
    private DiskKind diskKind = DiskKind.QCOW2;
    private final Map<Path, RootDisks.Devices> devices = new HashMap<>();
    private boolean vsocks;
    private boolean needsTap;
    private @Nullable CountDownLatch bootGate;
    private volatile Function<ExecRequest, ExecSession> programs = request -> {
        throw new BangerException(ErrorCode.COMMAND_NOT_FOUND, "this fake guest has no programs");
    };

    /** What a program in a guest does: it writes and ends. */
    public record Ran(String stdout, int status) {}

    /** From now on guests have programs that write and end. */
    public void guestsAnswer(Function<ExecRequest, Ran> answers) {
        programs = request -> new EndedProgram(answers.apply(request));
    }

    private record EndedProgram(Ran ran) implements ExecSession {
        @Override
        public OutputStream stdin() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public InputStream stdout() {
            return new ByteArrayInputStream(ran.stdout().getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public InputStream stderr() {
            return InputStream.nullInputStream();
        }

        @Override
        public void resize(TerminalSize size) {}

        @Override
        public void signal(int signal) {}

        @Override
        public int await() {
            return ran.status();
        }

        @Override
        public void close() {}
    }

    /** From now on this step fails. */
    public synchronized FakeHost fail(Step step) {
        failing.add(step);
        return this;
    }

    /** The step takes longer than it may, once. */
    public synchronized void beLate(Step step) {
        late.add(step);
    }

    public synchronized void heal() {
        failing.clear();
    }

    /** The guest's init ignores requests to stop (P2). */
    public synchronized void guestIgnoresStop() {
        guestStopsWhenAsked = false;
    }

    /** What programs in guests do; without it there are none. */
    public synchronized void guestsRun(Function<ExecRequest, ExecSession> what) {
        programs = what;
    }

    /** The guest's CPUs stop, as QEMU stops them when a disk cannot be written to. */
    public void stopOfItself(String vmId) {
        FakeVm vm;
        synchronized (this) {
            vm = running.get(vmId);
        }
        if (vm != null) {
            vm.pause();
        }
    }

    /** Its VMM takes disks only as they are, and root disks are of that kind. */
    public synchronized FakeHost withDisks(DiskKind kind) {
        diskKind = kind;
        return this;
    }

    /** Its VMM runs no VM without a tap, and its one network has none. */
    public synchronized void needsTap() {
        needsTap = true;
    }

    private synchronized boolean tapNeeded() {
        return needsTap;
    }

    /** Root disks that device-mapper devices are there for. */
    public synchronized Set<Path> devices() {
        return Set.copyOf(devices.keySet());
    }

    /** Guests' agents are reached through a vsock, as Firecracker's are. */
    public synchronized void guestsHaveVsocks() {
        vsocks = true;
    }

    private synchronized boolean haveVsocks() {
        return vsocks;
    }

    /** Boots wait until the latch is open. */
    public synchronized void gateBoots(CountDownLatch gate) {
        bootGate = gate;
    }

    /** What happened, in order. */
    public synchronized List<String> log() {
        return List.copyOf(log);
    }

    /** Ids of VMs whose process runs. */
    public synchronized Set<String> runningIds() {
        return Set.copyOf(running.keySet());
    }

    /** Ids of VMs attached to the network. */
    public synchronized Set<String> attachedIds() {
        return Set.copyOf(attached);
    }

    /** The VMM of a VM ends, as by a crash. */
    public void crash(String vmId) {
        FakeVm vm;
        synchronized (this) {
            vm = running.get(vmId);
        }
        if (vm != null) {
            vm.end();
        }
    }

    private synchronized void step(Step step, String vmId) {
        log.add(step + " " + vmId);
        if (failing.contains(step)) {
            throw new BangerException(ErrorCode.VMM_FAILED, step + " was told to fail");
        }
        if (late.remove(step)) {
            throw new BangerException(ErrorCode.TIMED_OUT, step + " was told to be late");
        }
    }

    /** The seams of a service on this host. */
    public HostSeams seams(VmCapability... more) {
        List<VmCapability> capabilities = new ArrayList<>(List.of(more));
        capabilities.add(new VmCapability() {
            @Override
            public String name() {
                return "probe";
            }

            @Override
            public void afterStart(VmRecord vm, VmHandles handles) {
                step(Step.AFTER_START, vm.id());
            }
        });
        return new HostSeams(
                new VmmSelector(List.of(new Candidate(this))),
                this,
                new Networks(List.of(this)),
                this,
                this,
                capabilities,
                new HostSeams.HostCapacity(4, 8192));
    }

    private record Candidate(FakeHost vmm) implements VmmSelector.Candidate {
        @Override
        public boolean needsTap() {
            return vmm.tapNeeded();
        }

        @Override
        public Acceleration acceleration() {
            return Acceleration.TCG;
        }

        @Override
        public String obstacle() {
            return "";
        }

        @Override
        public String nestedObstacle() {
            return "";
        }
    }

    @Override
    public String name() {
        return "qemu";
    }

    @Override
    public RunningVm boot(BootSpec spec) {
        FakeVm vm;
        CountDownLatch gate;
        synchronized (this) {
            gate = bootGate;
            lastPid++;
            vm = new FakeVm(
                    spec.vmId(),
                    VmHandles.ofProcess(
                            lastPid,
                            lastPid,
                            "qemu",
                            "tcg",
                            spec.network().sshPort(),
                            spec.network().ports()),
                    spec.directory());
            running.put(spec.vmId(), vm);
        }
        try {
            if (gate != null && !gate.await(20, TimeUnit.SECONDS)) {
                throw new BangerException(ErrorCode.TIMED_OUT, "the gate stayed closed");
            }
            step(Step.BOOT, spec.vmId());
            return vm;
        } catch (BangerException e) {
            vm.end();
            throw e;
        } catch (InterruptedException e) {
            vm.end();
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
        }
    }

    @Override
    public RunningVm restore(BootSpec spec, Path memory, Path state) {
        RunningVm vm = boot(spec);
        vm.pause();
        return vm;
    }

    @Override
    public Build build(Acceleration acceleration, boolean nested) {
        return new Build("qemu, a fake", nested ? "none, nested" : "none");
    }

    @Override
    public void copy(Path from, Image image, Path file) {
        overlay(from, from, file);
    }

    @Override
    public void overlay(Path content, Path base, Path file) {
        try {
            Files.createFile(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized RunningVm reattach(VmRecord vm, VmHandles handles) {
        FakeVm found = running.get(vm.id());
        if (found == null || found.handles().pid() != handles.pid()) {
            throw new BangerException(ErrorCode.VMM_FAILED, "no process " + handles.pid());
        }
        return found;
    }

    @Override
    public GuestChannel connect(
            Path socket, OptionalInt vsockPort, boolean fresh, Duration atMost, BooleanSupplier vmAlive) {
        String id = String.valueOf(String.valueOf(socket.getParent()).replaceAll(".*/", ""));
        step(Step.HELLO, id);
        return new FakeGuest(id);
    }

    @Override
    public synchronized Map<String, VmmProcess> scan(Path vmsDirectory) {
        Map<String, VmmProcess> found = new HashMap<>();
        running.forEach((id, vm) -> {
            if (vmsDirectory.resolve(id).equals(vm.directory)) {
                found.put(id, new VmmProcess(vm.handles().pid(), vm.handles().startTicks(), "qemu", "tcg"));
            }
        });
        return found;
    }

    @Override
    public synchronized boolean isAlive(long pid, long startTicks) {
        return running.values().stream()
                .anyMatch(vm -> vm.handles().pid() == pid && vm.handles().startTicks() == startTicks);
    }

    @Override
    public void kill(VmmProcess process) {
        FakeVm found;
        synchronized (this) {
            found = running.values().stream()
                    .filter(vm -> vm.handles().pid() == process.pid())
                    .findFirst()
                    .orElse(null);
        }
        if (found != null) {
            found.kill();
        }
    }

    @Override
    public Optional<Usage> usage(long pid) {
        return Optional.of(new Usage(1, 1, 1));
    }

    @Override
    public Disk prepare(Image image, Path file) {
        String id = String.valueOf(file.getParent()).replaceAll(".*/", "");
        step(Step.ROOT_DISK, id);
        DiskKind kind = DiskKind.of(file);
        if (Files.notExists(file)) {
            overlay(file, file, file);
        }
        if (kind == DiskKind.COW) {
            synchronized (this) {
                devices.put(file, new Devices("/dev/loop7", "/dev/loop8", "banger-" + id, "/dev/dm-9"));
            }
            return new Disk(Path.of("/dev/dm-9"), "raw", "root", false);
        }
        return new Disk(file, kind == DiskKind.QCOW2 ? "qcow2" : "raw", "root", false);
    }

    @Override
    public void flush(List<Path> files) {
        step(Step.FLUSH, String.valueOf(files.getFirst().getParent()).replaceAll(".*/", ""));
    }

    @Override
    public List<Lack> lacksForImages() {
        return List.of();
    }

    @Override
    public void whole(Image image, Path file, long bytes) {
        step(Step.ROOT_DISK, String.valueOf(file.getParent()).replaceAll(".*/", ""));
        overlay(file, file, file);
    }

    @Override
    public boolean intoImage(Path file, Path rootfs) {
        step(Step.INTO_IMAGE, String.valueOf(file.getParent()).replaceAll(".*/", ""));
        try {
            Files.move(file, rootfs);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return true;
    }

    @Override
    public synchronized DiskKind kindFor(boolean raw) {
        return diskKind;
    }

    @Override
    public synchronized boolean needsRawDisks() {
        return diskKind != DiskKind.QCOW2;
    }

    @Override
    public synchronized Optional<Devices> devices(Path file) {
        return Optional.ofNullable(devices.get(file));
    }

    @Override
    public synchronized void release(Path file) {
        if (devices.containsKey(file)) {
            String id = String.valueOf(file.getParent()).replaceAll(".*/", "");
            if (running.containsKey(id)) {
                throw new IllegalStateException("the VMM of " + id + " still has its root disk open");
            }
            devices.remove(file);
        }
    }

    @Override
    public synchronized void releaseAll(Path directory) {
        devices.keySet().removeIf(file -> file.startsWith(directory));
    }

    @Override
    public Addresses addresses(Set<String> guestIps, Set<String> hostAddresses) {
        for (int i = 2; ; i++) {
            String address = "127.64." + i / 250 + "." + i % 250;
            if (!hostAddresses.contains(address)) {
                return new Addresses("10.0.2.15/24", address);
            }
        }
    }

    @Override
    public void check(VmSpec spec) {}

    @Override
    public Identity.NetworkSettings guestSettings() {
        return new Identity.NetworkSettings("10.0.2.2", List.of("10.0.2.3"));
    }

    @Override
    public Attachment prepare(VmRecord vm) {
        return new Attachment("127.0.0.1", vm.runtime().mac(), 0, List.of(), null);
    }

    @Override
    public Attachment attach(VmRecord vm) {
        synchronized (this) {
            attached.add(vm.id());
        }
        step(Step.NETWORK, vm.id());
        return new Attachment(
                vm.runtime().hostAddress(), vm.runtime().mac(), 2222, vm.spec().ports(), null);
    }

    @Override
    public synchronized void release(VmRecord vm) {
        attached.remove(vm.id());
    }

    @Override
    public List<Check> doctor() {
        return List.of();
    }

    private final class FakeVm implements RunningVm {
        private final String id;
        private final VmHandles handles;
        private volatile Path directory;
        private final CountDownLatch ended = new CountDownLatch(1);
        private final Map<String, String> disks = new ConcurrentHashMap<>();
        private volatile boolean paused;

        FakeVm(String id, VmHandles handles, Path directory) {
            this.directory = directory;
            this.id = id;
            this.handles = handles;
        }

        void end() {
            synchronized (FakeHost.this) {
                running.remove(id, this);
            }
            ended.countDown();
        }

        @Override
        public VmHandles handles() {
            return handles;
        }

        @Override
        public boolean isAlive() {
            return ended.getCount() > 0;
        }

        @Override
        public boolean awaitExit(Duration atMost) {
            try {
                // Nobody wants a unit test to sit out a guest's real grace time.
                return ended.await(Math.min(atMost.toMillis(), 300), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new BangerException(ErrorCode.CANCELLED, "cancelled", e);
            }
        }

        @Override
        public OptionalInt vsockPort() {
            return haveVsocks() ? OptionalInt.of(1024) : OptionalInt.empty();
        }

        @Override
        public String exitReason() {
            return "";
        }

        @Override
        public void pause() {
            paused = true;
        }

        @Override
        public void resume() {
            paused = false;
        }

        @Override
        public boolean isPaused() {
            return paused;
        }

        @Override
        public void save(Path memory, Path state) {
            step(Step.SAVE, id);
            try {
                Files.writeString(memory, "memory of " + id);
                Files.writeString(state, "state of " + id);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void switchDisks(List<Disk> overlays) {
            step(Step.SWITCH_DISKS, id);
            overlays.forEach(overlay ->
                    disks.put(overlay.serial(), String.valueOf(overlay.file().getFileName())));
        }

        @Override
        public boolean writesTo(Disk overlay) {
            return String.valueOf(overlay.file().getFileName()).equals(disks.get(overlay.serial()));
        }

        @Override
        public void publish(Attachment network) {}

        @Override
        public boolean hasConnections() {
            return false;
        }

        @Override
        public void growDisk(String serial, long bytes) {
            step(Step.GROW_DISK, id);
            synchronized (FakeHost.this) {
                log.add("GROWN " + serial + " " + bytes);
            }
        }

        @Override
        public void movedTo(Path newDirectory) {
            directory = newDirectory;
        }

        @Override
        public void quit() {
            synchronized (FakeHost.this) {
                log.add("QUIT " + id);
            }
            end();
        }

        @Override
        public void kill() {
            synchronized (FakeHost.this) {
                log.add("KILL " + id);
            }
            end();
        }

        @Override
        public void close() {}
    }

    private final class FakeGuest implements GuestChannel {
        private final String id;
        private volatile boolean open = true;

        FakeGuest(String id) {
            this.id = id;
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public boolean isBusy() {
            return false;
        }

        @Override
        public List<StageTiming> identify(Identity identity, Duration atMost) {
            step(Step.IDENTIFY, id);
            return List.of(new StageTiming("root", 1));
        }

        @Override
        public void growWorkDisk(String mountPoint, long bytes, Duration atMost) {
            step(Step.GROW_GUEST, id);
        }

        @Override
        public void setClock(Duration atMost) {
            step(Step.SET_CLOCK, id);
        }

        @Override
        public boolean identified() {
            return true;
        }

        @Override
        public boolean awaitSettled(Duration atMost) {
            return true;
        }

        @Override
        public ExecSession exec(ExecRequest request) {
            synchronized (FakeHost.this) {
                log.add("EXEC " + id);
                return programs.apply(request);
            }
        }

        @Override
        public GuestConnection connect(int port) {
            throw new BangerException(ErrorCode.GUEST_UNAVAILABLE, "a fake guest has no ports");
        }

        @Override
        public void download(String path, OutputStream tar) {
            throw BangerException.notFound("a fake guest has no files");
        }

        @Override
        public void upload(String directory, InputStream tar) {
            throw BangerException.notFound("a fake guest has no files");
        }

        @Override
        public GuestStats stats(Duration atMost) {
            return new GuestStats(1, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        }

        @Override
        public void sync(Duration atMost) {}

        @Override
        public void powerOff(boolean force, Duration atMost) {
            boolean obeys;
            synchronized (FakeHost.this) {
                log.add((force ? "FORCED-POWEROFF " : "POWEROFF ") + id);
                obeys = guestStopsWhenAsked;
            }
            if (obeys) {
                crash(id);
            }
        }

        @Override
        public void close() {
            open = false;
        }
    }
}
