package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.image.Image;
import dev.banger.image.ImageService;
import dev.banger.kernel.Kernel;
import dev.banger.kernel.KernelService;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import dev.banger.snapshot.MachineKey;
import dev.banger.snapshot.Snapshot;
import dev.banger.snapshot.SnapshotStore;
import dev.banger.vm.RootDisks.Disk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes templates and finds them: machines that have booted, settled, and been saved, from which new VMs start. A template is
 * made from a VM of its own that never had anybody's identity, so it holds no secret. Thread-safe; of a key at most one is being
 * made.
 */
public final class Templates implements AutoCloseable {
    /** What to do without being asked. */
    public enum Policy {
        /** Use templates, and make one where a VM had to boot for want of it. */
        AUTO,
        /** Use those there are. */
        MANUAL,
        /** Boot every VM. */
        OFF
    }

    private static final Logger LOG = LoggerFactory.getLogger(Templates.class);
    private static final Duration HELLO = Duration.ofSeconds(60);
    private static final Duration IDENTIFY = Duration.ofSeconds(30);
    private static final Duration SETTLE = Duration.ofSeconds(180);
    private static final Duration WARM_UP = Duration.ofSeconds(30);
    private static final Duration END = Duration.ofSeconds(5);
    /** Every VM has a work disk, so a template has one, too: it is never looked at, and each VM brings its own. */
    private static final long WORK_DISK_BYTES = 64L << 20;

    private final SnapshotStore store;
    private final HostSeams host;
    private final ImageService images;
    private final KernelService kernels;
    private final Policy policy;
    private final NamedLocks locks = new NamedLocks();
    private final Set<String> expected = new HashSet<>();
    /** Ids of those that a VM came up from since the daemon began. */
    private final Set<String> proven = ConcurrentHashMap.newKeySet();

    private final SecureRandom random = new SecureRandom();
    private final ExecutorService background = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().daemon().name("templates").unstarted(task));

    public Templates(SnapshotStore store, HostSeams host, ImageService images, KernelService kernels, Policy policy) {
        this.store = store;
        this.host = host;
        this.images = images;
        this.kernels = kernels;
        this.policy = policy;
    }

    /** What a VM is made of, as far as its memory depends on it. */
    record Machine(MachineKey key, VmmSelector.Choice choice, Image image, Kernel kernel, Path initramfs) {
        /** Of a VM, with disks and network. */
        Vmm.BootSpec bootSpec(VmRecord vm, List<Disk> disks, Vmm.Attachment network) {
            return bootSpec(vm.id(), vm.name(), disks, network, vm.runtime());
        }

        Vmm.BootSpec bootSpec(String vmId, String name, List<Disk> disks, Vmm.Attachment network, VmRuntime runtime) {
            return new Vmm.BootSpec(
                    vmId,
                    name,
                    Path.of(runtime.directory()),
                    key.cpus(),
                    key.memoryMiB(),
                    choice.acceleration(),
                    key.nested(),
                    kernel.vmlinux(),
                    initramfs,
                    disks,
                    network,
                    runtime);
        }
    }

    Machine machine(VmSpec spec, VmmSelector.Choice choice, Image image, Kernel kernel) {
        Path initramfs = kernels.initramfs(kernel);
        Vmm.Build build = choice.vmm().build(choice.acceleration(), spec.nested());
        MachineKey key = new MachineKey(
                build.vmm(),
                choice.acceleration().label(),
                build.cpuModel(),
                image.name(),
                image.digest(),
                kernel.name(),
                kernel.digest(),
                String.valueOf(initramfs.getFileName()),
                spec.cpus(),
                spec.memoryMiB(),
                spec.nested());
        return new Machine(key, choice, image, kernel, initramfs);
    }

    /** The template to start from, whole and unbroken. A broken one is set aside, which {@code progress} is told. */
    Optional<Snapshot> find(MachineKey key, Progress progress) {
        return policy == Policy.OFF ? Optional.empty() : whole(key, progress);
    }

    private Optional<Snapshot> whole(MachineKey key, Progress progress) {
        Optional<Snapshot> found = store.find(key.id()).filter(Snapshot::hasMemory);
        Optional<String> fault = found.flatMap(store::fault);
        if (found.isPresent() && fault.isPresent()) {
            setAside(found.get(), fault.get(), progress);
            return Optional.empty();
        }
        return found;
    }

    /** A VM came up from it. */
    void proved(Snapshot template) {
        proven.add(template.id());
    }

    /** A VM did not come up from it in time. One that others came up from is good, and the host is slow. */
    void wasLate(Snapshot template, String why, Progress progress) {
        if (proven.contains(template.id())) {
            progress.warn("no VM came up from template " + template.id() + " in time (" + why + "); this one boots");
            LOG.warn("Template {} was late: {}", template.id(), why);
        } else {
            setAside(template, why, progress);
        }
    }

    void setAside(Snapshot template, String why, Progress progress) {
        progress.warn("template " + template.id() + " is broken (" + why + "); it was set aside, and the VM boots");
        LOG.warn("Template {} is broken: {}", template.id(), why);
        proven.remove(template.id());
        store.setAside(template);
    }

    public List<Snapshot> all() {
        return store.all();
    }

    /** The template that a reference means: an id or a unique prefix of one. */
    public Snapshot get(String ref) {
        List<Snapshot> matching = ref.isEmpty()
                ? List.of()
                : store.all().stream().filter(each -> each.id().startsWith(ref)).toList();
        if (matching.size() == 1) {
            return matching.getFirst();
        }
        if (matching.isEmpty()) {
            throw BangerException.notFound("there is no such template; \"banger template ls\" lists those there are");
        }
        throw new BangerException(
                ErrorCode.AMBIGUOUS,
                "\"" + ref + "\" could be any of " + matching.size() + " templates; give more of the id");
    }

    /** Whether anything here could start from it: its image and kernel may have been replaced. */
    public boolean isCurrent(Snapshot template) {
        MachineKey key = template.key();
        try {
            Kernel kernel = kernels.get(key.kernel());
            return host.vmms().offers(new Vmm.Build(key.vmm(), key.cpuModel()), key.acceleration(), key.nested())
                    && images.get(key.image()).digest().equals(key.imageDigest())
                    && kernel.digest().equals(key.kernelDigest())
                    && String.valueOf(kernels.initramfs(kernel).getFileName()).equals(key.initramfs());
        } catch (BangerException e) {
            return false; // one of them is not there any more
        }
    }

    /** Deletes a template; VMs that started from it do not need it any more. */
    public void delete(String ref) {
        Snapshot template = get(ref);
        try (var lock = locks.take(template.id())) {
            store.find(template.id()).ifPresent(store::delete);
        }
    }

    /** Deletes those of an image or a kernel that is about to be deleted. */
    void deleteAll(Predicate<MachineKey> doomed) {
        store.all().stream().filter(each -> doomed.test(each.key())).forEach(each -> delete(each.id()));
    }

    /** Deletes templates that nothing can start from any more. @return which */
    public List<Snapshot> prune() {
        List<Snapshot> stale =
                store.all().stream().filter(each -> !isCurrent(each)).toList();
        stale.forEach(each -> delete(each.id()));
        return stale;
    }

    /** Makes one in the background, unless it is being made already. */
    void makeLater(Machine machine) {
        if (policy != Policy.AUTO) {
            return;
        }
        synchronized (expected) {
            if (!expected.add(machine.key().id())) {
                return;
            }
        }
        try {
            background.execute(() -> {
                try {
                    make(machine, Progress.none());
                    prune();
                } catch (BangerException e) {
                    LOG.warn(
                            "Could not make a template of {}: {}", machine.key().image(), e.getMessage(), e);
                } catch (RuntimeException e) { // the next VM boots as this one did
                    LOG.error("Could not make a template of {}", machine.key().image(), e);
                } finally {
                    synchronized (expected) {
                        expected.remove(machine.key().id());
                    }
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("No template is made: the daemon ends", e);
        }
    }

    /** Whether one is being made in the background, or waits for that. */
    public boolean isBusy() {
        synchronized (expected) {
            return !expected.isEmpty();
        }
    }

    /** Makes the template of a machine; one that is there and whole is kept. */
    Snapshot make(Machine machine, Progress progress) {
        String id = machine.key().id();
        try (var lock = locks.take(id)) {
            Optional<Snapshot> found = whole(machine.key(), progress);
            if (found.isPresent()) {
                return found.get();
            }
            String vmId = hex(6);
            Path directory = store.begin(vmId);
            try (Rollback rollback = new Rollback()) {
                rollback.push("the template " + id, () -> store.discard(directory));
                saveMachine(machine, vmId, directory, progress, rollback);
                progress.stage("keeping the template");
                Snapshot template = store.publish(id, machine.key(), null, directory);
                rollback.keep();
                LOG.info("Made template {} of image {}", id, machine.key().image());
                return template;
            }
        }
    }

    private void saveMachine(Machine machine, String vmId, Path directory, Progress progress, Rollback rollback) {
        VmRuntime runtime = VmRuntime.in(
                directory,
                "template",
                host.networks().standard().addresses(Set.of(), Set.of()).guestIp(),
                "",
                mac(),
                hex(16));
        Path root =
                host.rootDisks().kindFor(machine.choice().vmm().needsRawDisks()).file(directory, "root");
        rollback.push("the root disk of the template", () -> host.rootDisks().release(root));
        progress.stage("booting a machine for the template");
        RunningVm running = machine.choice()
                .vmm()
                .boot(machine.bootSpec(
                        vmId,
                        "template",
                        List.of(
                                host.rootDisks().prepare(machine.image(), root),
                                emptyDisk(directory.resolve("empty")),
                                new Disk(machine.kernel().modules(), "raw", "modules", true)),
                        Vmm.Attachment.none(runtime.mac()),
                        runtime));
        rollback.push("the machine of the template", () -> end(running));
        try (GuestChannel channel = host.guests()
                .connect(Path.of(runtime.vsockPath()), running.vsockPort(), true, HELLO, running::isAlive)) {
            channel.identify(nobody(runtime), IDENTIFY);
            progress.stage("waiting for it to settle");
            if (machine.image().hasInit() && !channel.awaitSettled(SETTLE)) {
                LOG.info(
                        "The init of image {} never says that it has started",
                        machine.image().name());
            }
            warmUp(channel);
            channel.sync(WARM_UP);
        }
        progress.stage("saving its memory");
        running.pause();
        running.save(directory.resolve(Snapshot.MEMORY), directory.resolve(Snapshot.STATE));
        end(running);
        host.rootDisks().release(root);
    }

    /** Enough for an init and its services to start as they will; the ssh key is thrown away with the first restore. */
    private Identity nobody(VmRuntime runtime) {
        SshKeys.Pair key = SshKeys.generate("banger-template");
        return new Identity(
                "banger",
                runtime.guestIp(),
                host.networks().standard().guestSettings().gateway(),
                host.networks().standard().guestSettings().dns(),
                runtime.mac(),
                runtime.machineId(),
                Identity.FIRST,
                List.of(),
                key.privateKey(),
                key.publicLine(),
                null);
    }

    /** So that the memory has in it what a first command needs, and the translator's pages are in use. */
    private static void warmUp(GuestChannel channel) {
        for (int i = 0; i < 2; i++) {
            ExecRequest request = new ExecRequest(
                    List.of("/bin/sh", "-c", "true; ls / >/dev/null; cat /dev/null"), Map.of(), null, null, null);
            try (ExecSession session = channel.exec(request)) {
                session.await();
            } catch (BangerException e) {
                LOG.debug("An image without a shell is not warmed up", e);
                return;
            }
        }
    }

    private static Disk emptyDisk(Path file) {
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.setLength(WORK_DISK_BYTES);
            return new Disk(file, "raw", "work", false);
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot make " + file + ": " + e.getMessage(), e);
        }
    }

    private static void end(RunningVm running) {
        running.quit();
        if (!running.awaitExit(END)) {
            running.kill();
            running.awaitExit(END);
        }
        running.close();
    }

    private String mac() {
        return VmCreation.mac(hex(6));
    }

    private String hex(int bytes) {
        byte[] value = new byte[bytes];
        random.nextBytes(value);
        return HexFormat.of().formatHex(value);
    }

    /** Makes the template of a spec, which needs no VM. */
    public Snapshot warm(VmSpec spec, Progress progress) {
        Kernel kernel = kernels.ensure(spec.kernel(), progress);
        Image image = images.ensure(spec.image(), progress);
        return make(machine(spec, host.chooseForTemplate(spec), image, kernel), progress);
    }

    /** Ends what a daemon that was killed left behind. Called once, before anything else. */
    void reconcile() {
        host.processes().scan(store.making()).values().forEach(host.processes()::kill);
        host.rootDisks().releaseAll(store.making());
        store.clear();
    }

    /** Ends the making of templates; what is half-made goes. */
    @Override
    public void close() {
        background.shutdownNow();
        try {
            if (!background.awaitTermination(20, TimeUnit.SECONDS)) {
                LOG.warn("The making of a template did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
