package dev.banger.daemon;

import dev.banger.api.BundleReport;
import dev.banger.api.DoctorReport;
import dev.banger.api.DoctorReport.Check;
import dev.banger.api.DoctorReport.Status;
import dev.banger.config.Configuration;
import dev.banger.config.Places;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.Requirement;
import dev.banger.image.ImageService;
import dev.banger.kernel.KernelService;
import dev.banger.vm.HostSeams;
import dev.banger.vm.VmService;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** Examines the host: each part of banger says what it found. Changes nothing. */
final class Doctor {
    private static final long LOW_DISK = 5L << 30;
    private static final long LOW_MEMORY_MIB = 1024;

    private final Places places;
    private final HostSeams host;
    private final ProgramRunner programs;
    private final ImageService images;
    private final KernelService kernels;
    private final VmService vms;
    private final Configuration configuration;

    Doctor(
            Places places,
            HostSeams host,
            ProgramRunner programs,
            ImageService images,
            KernelService kernels,
            VmService vms,
            Configuration configuration) {
        this.places = places;
        this.host = host;
        this.programs = programs;
        this.images = images;
        this.kernels = kernels;
        this.vms = vms;
        this.configuration = configuration;
    }

    DoctorReport examine() {
        List<Check> checks = new ArrayList<>(host.vmms().doctor());
        checks.addAll(host.networks().doctor());
        checks.addAll(host.rootDisks().doctor());
        host.capabilities().forEach(capability -> checks.addAll(capability.doctor()));
        checks.add(disk());
        checks.add(memory());
        programs().forEach(checks::add);
        checks.add(
                images.all().isEmpty()
                        ? new Check(
                                Status.WARN, "images", "none yet", "the first \"banger vm run\" builds one (minutes)")
                        : new Check(Status.PASS, "images", images.all().size() + " there", ""));
        checks.add(
                kernels.all().isEmpty()
                        ? new Check(Status.WARN, "kernels", "none yet", "the first \"banger vm run\" fetches one")
                        : new Check(Status.PASS, "kernels", kernels.all().size() + " there", ""));
        checks.add(vms.pool());
        configuration.atStart().map(Doctor::bundle).ifPresent(checks::add);
        List<String> orphans = vms.orphans();
        checks.add(
                orphans.isEmpty()
                        ? new Check(Status.PASS, "database", vms.all().size() + " VMs", "")
                        : new Check(
                                Status.WARN,
                                "database",
                                "does not know the VMs in " + places.vms() + " with the ids "
                                        + String.join(", ", orphans),
                                "restore a copy of " + places.database() + ", or remove those directories"));
        return new DoctorReport(List.copyOf(checks));
    }

    private static Check bundle(BundleReport bundle) {
        String named = bundle.directory() + ", which " + bundle.origin() + " names";
        return bundle.problems().isEmpty()
                ? new Check(Status.PASS, "runtime bundle", named, "")
                : new Check(
                        Status.FAIL,
                        "runtime bundle",
                        named + ": " + bundle.problems().getFirst(),
                        "\"banger bundle check " + bundle.directory() + "\" tells all that is wrong");
    }

    private Check disk() {
        try {
            long free = Files.getFileStore(places.state()).getUsableSpace();
            String finding = (free >> 20) + " MiB free where VMs lie (" + places.state() + ")";
            return free < LOW_DISK
                    ? new Check(Status.WARN, "disk", finding, "an image takes about 1 GiB, each VM what it writes")
                    : new Check(Status.PASS, "disk", finding, "");
        } catch (IOException e) {
            return new Check(
                    Status.FAIL, "disk", "cannot look at " + places.state() + ": " + e, "check its permissions");
        }
    }

    private static Check memory() {
        long available = ProcFs.availableMemoryMiB();
        String finding = available + " of " + ProcFs.memoryMiB() + " MiB available";
        return available < LOW_MEMORY_MIB
                ? new Check(Status.WARN, "memory", finding, "stop VMs, or give them less with --memory")
                : new Check(Status.PASS, "memory", finding, "");
    }

    private List<Check> programs() {
        return List.of(
                        new Requirement("mmdebstrap", "mmdebstrap", "build the Debian image"),
                        new Requirement("mke2fs", "e2fsprogs", "make disks"),
                        new Requirement("mksquashfs", "squashfs-tools", "pack a kernel's modules"),
                        new Requirement("qemu-img", "qemu-utils", "grow disks"),
                        new Requirement("ssh", "openssh-client", "run \"banger vm ssh\""))
                .stream()
                .map(each -> programs.find(each.program()).isPresent()
                        ? new Check(Status.PASS, each.program(), "installed", "")
                        : new Check(
                                Status.FAIL,
                                each.program(),
                                "not installed; it is needed to " + each.why(),
                                "sudo apt-get install " + each.debianPackage()))
                .toList();
    }
}
