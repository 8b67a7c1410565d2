package dev.banger.vm;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.PublishedPort;
import dev.banger.api.VmCreate;
import dev.banger.api.VmNetwork;
import dev.banger.api.VmSet;
import dev.banger.image.Image;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Lack;
import dev.banger.operation.NamedLocks;
import dev.banger.operation.Progress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Makes the record of a new VM, in two steps so that its name is taken at once and no lock is held while kernel and image are
 * fetched (P29). Thread-safe.
 */
final class VmCreation {
    static final int DEFAULT_CPUS = 2;
    static final long DEFAULT_MEMORY_MIB = 512;
    static final long DEFAULT_DISK_BYTES = 8L << 30;
    private static final long MIN_MEMORY_MIB = 128;
    private static final long MIN_DISK_BYTES = 64L << 20;
    private static final long MAX_DISK_BYTES = 16L << 40;

    private final VmStore store;
    private final VmDirectories directories;
    private final NamedLocks locks;
    private final HostSeams host;
    private final ImageService images;
    private final KernelService kernels;
    private final SecureRandom random = new SecureRandom();
    private final ReentrantLock reserve = new ReentrantLock();

    VmCreation(
            VmStore store,
            VmDirectories directories,
            NamedLocks locks,
            HostSeams host,
            ImageService images,
            KernelService kernels) {
        this.store = store;
        this.directories = directories;
        this.locks = locks;
        this.host = host;
        this.images = images;
        this.kernels = kernels;
    }

    /** Everything that can be said against a request without changing anything. */
    void check(VmCreate request) {
        check(request, List.of());
    }

    /** The same with what this host lacks for what is to be done in the VM. */
    void check(VmCreate request, List<Lack> others) {
        if (request.name() != null) {
            VmName.check(request.name());
            refuseTaken(request.name());
        }
        VmSpec spec = spec(request);
        images.checkObtainable(spec.image());
        kernels.checkObtainable(spec.kernel());
        List<Lack> lacks = new ArrayList<>();
        if (request.runtimeDir() == null) { // what a bundle has is not to be built; what it has not, says so when it is
            lacks.addAll(images.lacks(spec.image()));
            lacks.addAll(kernels.lacks(spec.kernel()));
        }
        lacks.addAll(
                request.start()
                        ? host.lacks(record(hex(6), "a-new-one", spec, store.all()))
                        : host.networks().named(spec.network()).lacks());
        lacks.addAll(others);
        Lack.refuse("make the VM", lacks);
    }

    VmSpec spec(VmCreate request) {
        VmNetwork wish = request.network();
        Network network = host.networks().named(networkOf(wish));
        VmSpec spec = new VmSpec(
                Objects.requireNonNullElse(request.image(), ImageService.DEFAULT),
                "",
                Objects.requireNonNullElse(request.kernel(), KernelService.DEFAULT),
                Objects.requireNonNullElse(
                        request.cpus(), Math.min(DEFAULT_CPUS, host.capacity().cpus())),
                Objects.requireNonNullElse(request.memoryMiB(), DEFAULT_MEMORY_MIB),
                Objects.requireNonNullElse(request.diskBytes(), DEFAULT_DISK_BYTES),
                request.acceleration(),
                network.name(),
                List.copyOf(request.ports()),
                request.ephemeral(),
                Objects.requireNonNullElse(request.idlePauseSeconds(), 0L),
                wish != null && (wish.nat() || !wish.allowHosts().isEmpty()),
                wish == null ? List.of() : wish.allowHosts(),
                wish == null ? 0 : wish.netRate(),
                request.nested(),
                request.vmm(),
                request.project());

        return checked(spec);
    }

    /** Null: the usual one. What only a bridge can do asks for it. */
    private static @Nullable String networkOf(@Nullable VmNetwork wish) {
        if (wish == null || wish.name() != null) {
            return wish == null ? null : wish.name();
        }
        return wish.nat() || !wish.allowHosts().isEmpty() || wish.netRate() > 0 ? BridgedNetwork.NAME : null;
    }

    private VmSpec checked(VmSpec spec) {
        int hostCpus = host.capacity().cpus();
        if (spec.cpus() < 1 || spec.cpus() > hostCpus) {
            throw BangerException.invalid(
                    "a VM here can have 1 to " + hostCpus + " cpus (as many as the host), not " + spec.cpus());
        }
        long hostMemory = host.capacity().memoryMiB();
        if (spec.memoryMiB() < MIN_MEMORY_MIB || spec.memoryMiB() > hostMemory) {
            throw BangerException.invalid("a VM here can have " + MIN_MEMORY_MIB + " to " + hostMemory
                    + " MiB of memory (the host's), not " + spec.memoryMiB());
        }
        boolean workDisk = spec.workDiskBytes() != 0;
        if (workDisk && (spec.workDiskBytes() < MIN_DISK_BYTES || spec.workDiskBytes() > MAX_DISK_BYTES)) {
            throw BangerException.invalid(
                    "a work disk can be 64 MiB to 16 TiB, not " + spec.workDiskBytes() + " bytes");
        }
        String acceleration = spec.acceleration();
        if (acceleration != null && !Set.of("kvm", "tcg").contains(acceleration)) {
            throw BangerException.invalid("acceleration is kvm or tcg, not \"" + acceleration + "\"");
        }
        String vmm = spec.vmm();
        if (vmm != null && !Set.of("qemu", "firecracker").contains(vmm)) {
            throw BangerException.invalid("vmm is auto, qemu or firecracker, not \"" + vmm + "\"");
        }
        if (spec.idlePauseSeconds() < 0) {
            throw BangerException.invalid("a VM is paused after a number of seconds, not " + spec.idlePauseSeconds());
        }
        host.networks().named(spec.network()).check(spec);
        List<PublishedPort> seen = new ArrayList<>();
        for (PublishedPort port : spec.ports()) {
            if (seen.stream().anyMatch(port::clashes)) {
                throw BangerException.invalid("port " + port.hostPort() + " is published twice");
            }
            seen.add(port);
        }
        return spec;
    }

    /** What a VM becomes by a change; fails when that is not possible. */
    VmSpec changed(VmRecord vm, VmSet change) {
        VmSpec old = vm.spec();
        if (change.kernel() != null) {
            kernels.get(change.kernel());
        }
        Long disk = change.diskBytes();
        if (disk != null && disk < old.workDiskBytes()) {
            throw BangerException.invalid("the work disk of " + vm.name() + " has " + (old.workDiskBytes() >> 20)
                    + " MiB; it can grow but not shrink to " + (disk >> 20) + "; a new VM can have a smaller one");
        }
        return checked(new VmSpec(
                old.image(),
                old.imageDigest(),
                Objects.requireNonNullElse(change.kernel(), old.kernel()),
                Objects.requireNonNullElse(change.cpus(), old.cpus()),
                Objects.requireNonNullElse(change.memoryMiB(), old.memoryMiB()),
                Objects.requireNonNullElse(disk, old.workDiskBytes()),
                old.acceleration(),
                old.network(),
                change.ports() == null ? old.ports() : List.copyOf(change.ports()),
                old.ephemeral(),
                Objects.requireNonNullElse(change.idlePauseSeconds(), old.idlePauseSeconds()),
                Objects.requireNonNullElse(change.nat(), old.nat()),
                Boolean.FALSE.equals(change.nat())
                        ? List.of()
                        : change.allowHosts() == null ? old.allowHosts() : List.copyOf(change.allowHosts()),
                Objects.requireNonNullElse(change.netRate(), old.netRate()),
                old.nested(),
                old.vmm(),
                old.project()));
    }

    /** Runs {@code work} while no name or address is taken. */
    void undisturbed(Runnable work) {
        reserve.lock();
        try {
            work.run();
        } finally {
            reserve.unlock();
        }
    }

    /** Takes the name and address: a row in state CREATING, which its creator completes or deletes. */
    VmRecord reserve(VmCreate request) {
        return reserve(request, hex(6));
    }

    /** The same with an id that is known already. */
    VmRecord reserve(VmCreate request, String id) {
        VmSpec spec = spec(request);
        reserve.lock();
        try {
            List<VmRecord> all = store.all();
            String name = name(request.name(), all);
            VmRecord vm = record(id, name, spec, all);
            store.insert(vm);
            return vm;
        } finally {
            reserve.unlock();
        }
    }

    private String name(@Nullable String asked, List<VmRecord> all) {
        if (asked != null) {
            refuseTaken(VmName.check(asked));
            return asked;
        }
        Set<String> taken = all.stream().map(VmRecord::name).collect(Collectors.toSet());
        String name = VmName.generate(random);
        for (int i = 2; taken.contains(name); i++) {
            name = VmName.generate(random) + (i > 20 ? "-" + i : "");
        }
        return name;
    }

    private void refuseTaken(String name) {
        if (store.findByName(name).isPresent()) {
            throw new BangerException(
                    ErrorCode.ALREADY_EXISTS,
                    "a VM named " + name + " already exists; choose another name, or \"banger vm delete " + name
                            + "\" first");
        }
    }

    private VmRecord record(String id, String name, VmSpec spec, List<VmRecord> all) {
        Path directory = directories.of(id);
        Set<String> guestIps = all.stream().map(vm -> vm.runtime().guestIp()).collect(Collectors.toSet());
        Set<String> addresses =
                all.stream().map(vm -> vm.runtime().hostAddress()).collect(Collectors.toSet());
        Network.Addresses given = host.networks().named(spec.network()).addresses(guestIps, addresses);
        VmRuntime runtime = VmRuntime.in(directory, name, given.guestIp(), given.hostAddress(), mac(id), hex(16));
        Instant now = Instant.now();
        return new VmRecord(id, name, spec, runtime, now, now);
    }

    /** A locally administered unicast address (IEEE 802), derived from the id. */
    static String mac(String id) {
        StringBuilder mac = new StringBuilder("02:62");
        for (int i = 4; i < 12; i += 2) {
            mac.append(':').append(id, i, i + 2);
        }
        return mac.toString();
    }

    private String hex(int bytes) {
        byte[] value = new byte[bytes];
        random.nextBytes(value);
        return HexFormat.of().formatHex(value);
    }

    /**
     * Gets kernel and image and makes the directory. The VM then is STOPPED, or still CREATING if its creator goes on to start
     * it, which records the rest with that; fails if it was deleted meanwhile.
     */
    VmRecord complete(VmRecord reserved, boolean stopped, Progress progress) {
        return complete(reserved, stopped, directories::create, progress);
    }

    /** The same with a directory that is there already. */
    VmRecord complete(VmRecord reserved, Pool.Prepared prepared, Progress progress) {
        return complete(reserved, false, directory -> directories.take(prepared.directory(), directory), progress);
    }

    private VmRecord complete(VmRecord reserved, boolean stopped, Consumer<Path> directory, Progress progress) {
        kernels.ensure(reserved.spec().kernel(), progress);
        Image image = images.ensure(reserved.spec().image(), progress);
        try (var lock = locks.take(reserved.id())) {
            VmRecord current = store.find(reserved.id())
                    .orElseThrow(() ->
                            BangerException.notFound(reserved.name() + " was deleted while it was being created"));
            directory.accept(current.directory());
            VmRecord vm = current.with(current.spec().withImageDigest(image.digest()));
            if (!stopped) {
                return vm;
            }
            VmRecord complete = vm.with(vm.runtime().stopped(null));
            store.update(complete);
            return complete;
        }
    }
}
