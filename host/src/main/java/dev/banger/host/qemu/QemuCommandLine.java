package dev.banger.host.qemu;

import dev.banger.api.PublishedPort;
import dev.banger.vm.Acceleration;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.Vmm.Attachment;
import dev.banger.vm.Vmm.BootSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * QEMU's arguments for a VM. Pure. Paths in the VM's directory are relative, since QEMU works there: so socket paths stay
 * short (P84) and the directory tells whose process it is.
 */
final class QemuCommandLine {
    /** The first part of the argument that marks a process as the VMM of the VM whose id follows. */
    static final String MARKER = "banger-";

    private static final String AGENT_PORT = "dev.banger.agent";

    /** Where banger-launch leaves a tap open. */
    private static final int TAP_DESCRIPTOR = 3;

    /** QEMU's own name of the guest's memory; one from a file must have the same to be restored. */
    static final String MEMORY_BLOCK = "microvm.ram";

    /**
     * QEMU emulates AMD's virtualisation, not Intel's. Of the EPYC what QEMU 7.2 does not emulate is switched off, since it would
     * warn of each at every start.
     */
    private static final String EMULATED_SVM =
            "EPYC-v1,+svm,+npt,-3dnowprefetch,-clzero,-fxsr-opt,-ibpb,-misalignsse,-nrip-save"
                    + ",-osvw,-perfctr-core,-rdseed,-sha-ni,-topoext,-xsavec,-xsaveerptr,-xsaves";

    private QemuCommandLine() {}

    /**
     * A machine that boots.
     *
     * @param program the path of qemu-system-*
     * @param tscKhz the frequency of the host's time stamp counter, which a kernel under emulation must be told
     * @param parallel whether emulated CPUs may run at the same time
     */
    static List<String> boot(String program, BootSpec spec, OptionalLong tscKhz, boolean parallel) {
        List<String> args = machine(program, spec, "", parallel);
        add(args, "-kernel", spec.kernel().toString());
        add(args, "-initrd", spec.initramfs().toString());
        add(args, "-append", kernelArguments(spec.acceleration(), tscKhz));
        return List.copyOf(args);
    }

    /**
     * The same machine with {@code memory}, a file, mapped copy-on-write as its memory, waiting for the state of its CPUs and
     * devices. Its kernel is in the memory already.
     */
    static List<String> restore(String program, BootSpec spec, Path memory) {
        List<String> args = machine(program, spec, ",memory-backend=" + MEMORY_BLOCK, true);
        add(
                args,
                "-object",
                "memory-backend-file,id=" + MEMORY_BLOCK + ",x-use-canonical-path-for-ramblock-id=off,share=off,size="
                        + spec.memoryMiB() + "M,mem-path=" + escaped(memory.toString()));
        args.add("-S");
        add(args, "-incoming", "defer");
        return List.copyOf(args);
    }

    private static List<String> machine(String program, BootSpec spec, String memory, boolean parallel) {
        List<String> args = new ArrayList<>();
        args.add(program);
        add(args, "-name", MARKER + spec.vmId());
        add(args, "-machine", machine() + memory);
        add(args, "-accel", accelerator(spec.acceleration(), parallel));
        add(args, "-cpu", cpu(spec.acceleration(), spec.nested()));
        add(args, "-smp", Integer.toString(spec.cpus()));
        add(args, "-m", spec.memoryMiB() + "M");
        // Only what is named below exists: no VGA, no USB, no parallel port (threats C6).
        args.add("-nodefaults");
        args.add("-no-user-config");
        args.add("-no-reboot");
        add(args, "-display", "none");
        add(args, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        // The console goes to stdout, where banger-launch keeps it within bounds.
        add(args, "-chardev", "file,id=console,path=/dev/stdout");
        add(args, "-serial", "chardev:console");
        add(args, "-chardev", "socket,id=qmp,path=" + fileName(spec.runtime().apiSocket()) + ",server=on,wait=off");
        add(args, "-mon", "chardev=qmp,mode=control");
        add(args, "-device", "virtio-serial-device");
        add(args, "-chardev", "socket,id=agent,path=" + fileName(spec.runtime().vsockPath()) + ",server=on,wait=off");
        add(args, "-device", "virtserialport,chardev=agent,name=" + AGENT_PORT);
        add(args, "-object", "rng-random,id=rng,filename=/dev/urandom");
        add(args, "-device", "virtio-rng-device,rng=rng");
        for (Disk disk : spec.disks()) {
            add(args, "-blockdev", blockdev(disk, spec.directory()));
            add(args, "-device", "virtio-blk-device,drive=" + disk.serial() + ",serial=" + disk.serial());
        }
        Attachment network = spec.network();
        if (network.isConnected()) {
            add(args, "-netdev", netdev(network));
        }
        add(
                args,
                "-device",
                "virtio-net-device," + (network.isConnected() ? "netdev=net," : "") + "mac=" + network.mac());
        return args;
    }

    private static void add(List<String> args, String option, String value) {
        args.add(option);
        args.add(value);
    }

    /**
     * ACPI is how Debian's kernel learns of virtio-mmio devices and of processors: it takes neither from its command line nor
     * from an MP table.
     */
    private static String machine() {
        return "microvm,acpi=on,x-option-roms=off,pit=on,pic=on,rtc=on,isa-serial=on";
    }

    static String accelerator(Acceleration acceleration, boolean parallel) {
        return switch (acceleration) {
            case KVM -> "kvm";
            case TCG -> parallel ? "tcg,thread=multi" : "tcg,thread=single";
        };
    }

    /** A guest that was not asked to run VMs is not offered the processor's extensions for it: they are attack surface. */
    static String cpu(Acceleration acceleration, boolean nested) {
        return switch (acceleration) {
            case KVM -> nested ? "host" : "host,vmx=off,svm=off";
            case TCG -> nested ? EMULATED_SVM : "Nehalem-v1,+rdrand"; // a kernel that finds fewer features boots faster
        };
    }

    /** {@code reboot=t}: a triple fault restarts the machine, and with -no-reboot that ends the VM. */
    private static String kernelArguments(Acceleration acceleration, OptionalLong tscKhz) {
        String common =
                "console=ttyS0 reboot=t panic=-1 quiet loglevel=3 8250.nr_uarts=1 random.trust_cpu=on net.ifnames=0"
                        + " audit=0 selinux=0 apparmor=0 lsm=landlock cryptomgr.notests";
        return switch (acceleration) {
            case KVM -> common;
            case TCG ->
                common + " mitigations=off noreplace-smp rcupdate.rcu_expedited=1"
                        + (tscKhz.isPresent() ? " tsc=reliable tsc_early_khz=" + tscKhz.getAsLong() : "");
        };
    }

    /** The format is always named: QEMU never looks into a disk to guess it (threats C7). */
    private static String blockdev(Disk disk, Path directory) {
        String driver = disk.file().startsWith("/dev") ? "host_device" : "file";
        String file = "file.driver=" + driver + ",file.filename="
                + escaped(inDirectory(disk.file(), directory).toString());
        return "driver=" + disk.format() + ",node-name=" + disk.serial() + "," + file
                + (disk.readOnly() ? ",read-only=on,file.locking=off" : ",discard=unmap,detect-zeroes=unmap");
    }

    /** Relative in the VM's directory, which is moved when a VM that was prepared is taken. */
    private static Path inDirectory(Path file, Path directory) {
        return file.startsWith(directory) ? directory.relativize(file) : file;
    }

    private static String netdev(Attachment network) {
        if (network.tap() != null) {
            return "tap,id=net,fd=" + TAP_DESCRIPTOR;
        }
        StringBuilder netdev = new StringBuilder("user,id=net,ipv6=off");
        forwards(network).forEach(forward -> netdev.append(",hostfwd=").append(forward));
        return netdev.toString();
    }

    /** What is published, as QEMU writes it: {@code tcp:ADDRESS:HOST_PORT-:GUEST_PORT}. */
    static List<String> forwards(Attachment network) {
        List<String> forwards = new ArrayList<>();
        if (network.sshPort() != 0) {
            forwards.add(forward(network.hostAddress(), network.sshPort(), 22));
        }
        for (PublishedPort port : network.ports()) {
            forwards.add(forward(port.addressOr(network.hostAddress()), port.hostPort(), port.guestPort()));
        }
        return forwards;
    }

    private static String forward(String address, int hostPort, int guestPort) {
        return "tcp:" + address + ":" + hostPort + "-:" + guestPort;
    }

    private static String fileName(String path) {
        return String.valueOf(Path.of(path).getFileName());
    }

    /** A comma in a value is written twice in QEMU's option syntax. */
    private static String escaped(String value) {
        return value.replace(",", ",,");
    }
}
