package dev.banger.daemon;

import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.daemon.Doctor.Part;
import dev.banger.host.linux.ControlGroup;
import dev.banger.host.linux.KvmProbe;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.linux.Requirement;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.operation.Lack;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What doctor says of the host itself, whether a daemon runs or not. */
final class HostChecks {
    private static final long LOW_MEMORY_MIB = 1024;
    /** A kernel's pool that is less full has just been drained, or was never filled (random(4)). */
    private static final int LOW_ENTROPY = 64;

    private final HostParts host;

    HostChecks(HostParts host) {
        this.host = host;
    }

    List<Part> parts() {
        return List.of(
                new Part("virtual machines", host.seams().vmms()::doctor),
                Part.of("nested virtualisation", this::nested),
                new Part("networks", host.seams().networks()::doctor),
                new Part("root disks", host.seams().rootDisks()::doctor),
                Part.of("memory", HostChecks::memory),
                Part.of("control group", () -> controlGroup(ControlGroup.own())),
                Part.of("entropy", () -> entropy(ProcFs.entropyBits())),
                new Part("programs", this::programs),
                new Part("images", this::images),
                new Part("kernels", this::kernels));
    }

    private Check nested() {
        String subject = "nested virtualisation";
        if (!host.kvm().obstacle().isEmpty()) {
            return new Check(Status.PASS, subject, "guests of --nested run VMs, emulated as they are themselves", "");
        }
        String obstacle = KvmProbe.nestedObstacle(Path.of("/sys/module"));
        return obstacle.isEmpty()
                ? new Check(Status.PASS, subject, "guests of --nested run VMs with KVM", "")
                : new Check(Status.WARN, subject, obstacle, "only VMs of --nested need it");
    }

    private static Check memory() {
        long available = ProcFs.availableMemoryMiB();
        String finding = available + " of " + ProcFs.memoryMiB() + " MiB available";
        return available < LOW_MEMORY_MIB
                ? new Check(Status.WARN, "memory", finding, "stop VMs, or give them less with --memory")
                : new Check(Status.PASS, "memory", finding, "");
    }

    /** VMs live where the daemon does, so what limits that limits all of them together. */
    static Check controlGroup(ControlGroup group) {
        if (group.path().isEmpty()) {
            return new Check(
                    Status.PASS, "control group", "this host has no cgroup v2; nothing of banger's depends on it", "");
        }
        long memory = group.memoryMiB();
        String limits =
                memory == ControlGroup.UNLIMITED ? "no limit of memory" : "at most " + memory + " MiB of memory";
        String finding = "daemon and VMs are in " + group.path() + ", " + limits;
        return memory < LOW_MEMORY_MIB
                ? new Check(
                        Status.WARN,
                        "control group",
                        finding,
                        "more is needed for VMs: start the daemon elsewhere, or raise memory.max there")
                : new Check(Status.PASS, "control group", finding, "");
    }

    static Check entropy(int bits) {
        String finding = "the kernel's random pool has " + bits + " bits";
        return bits < LOW_ENTROPY
                ? new Check(
                        Status.WARN,
                        "entropy",
                        finding + ": keys of VMs may wait for it",
                        "wait a moment, or give the host a source: a virtio-rng device, or rng-tools")
                : new Check(Status.PASS, "entropy", finding, "");
    }

    /** What is needed for an image or a kernel that is there already is not needed now. */
    private List<Check> programs() {
        Status forImages = host.images().all().isEmpty() ? Status.FAIL : Status.WARN;
        Status forKernels = host.kernels().all().isEmpty() ? Status.FAIL : Status.WARN;
        List<Check> rows = new ArrayList<>();
        rows.add(program(Status.FAIL, "mke2fs", "make work disks and images"));
        rows.add(program(Status.FAIL, "qemu-img", "make and grow work disks"));
        rows.add(program(Status.WARN, "e2fsck", "check disks, and images made in VMs"));
        rows.add(program(Status.WARN, "ssh", "run \"banger vm ssh\""));
        rows.add(program(Status.WARN, "tar", "make an image of a tar"));
        rows.add(program(forImages, "mmdebstrap", "build the Debian image"));
        rows.add(program(forImages, "apt-get", "fetch Debian's packages"));
        rows.add(program(forKernels, "apt-cache", "find Debian's kernel"));
        rows.add(program(forKernels, "apt-config", "fetch Debian's packages as this host does"));
        rows.add(program(forKernels, "dpkg-deb", "unpack Debian's kernel"));
        rows.add(program(forKernels, "depmod", "index a kernel's modules"));
        rows.add(program(forKernels, "mksquashfs", "pack a kernel's modules"));
        return rows;
    }

    private Check program(Status otherwise, String program, String why) {
        return host.programs().lacks(List.of(new Requirement(program, why))).stream()
                .findFirst()
                .map(lack -> lack.row(otherwise, program))
                .orElse(new Check(Status.PASS, program, "installed", ""));
    }

    private List<Check> images() {
        int there = host.images().all().size();
        return made("images", there, host.images().lacks(ImageService.DEFAULT), "builds one (minutes)");
    }

    private List<Check> kernels() {
        int there = host.kernels().all().size();
        return made("kernels", there, host.kernels().lacks(KernelService.DEFAULT), "fetches one");
    }

    private static List<Check> made(String subject, int there, List<Lack> lacks, String first) {
        if (there > 0) {
            return List.of(new Check(Status.PASS, subject, there + " there", ""));
        }
        return lacks.isEmpty()
                ? List.of(new Check(Status.WARN, subject, "none yet", "the first \"banger vm run\" " + first))
                : lacks.stream().map(lack -> lack.row(Status.FAIL, subject)).toList();
    }
}
