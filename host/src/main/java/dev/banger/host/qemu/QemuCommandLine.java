package dev.banger.host.qemu;

import dev.banger.api.PublishedPort;
import dev.banger.vm.Acceleration;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.Vmm.Attachment;
import dev.banger.vm.Vmm.BootSpec;
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

    static final String QMP_SOCKET = "qmp.sock";
    static final String AGENT_SOCKET = "agent.sock";
    private static final String AGENT_PORT = "dev.banger.agent";

    private QemuCommandLine() {}

    /**
     * {@code program} is the path of qemu-system-*, {@code tscKhz} the frequency of the host's time stamp counter, which a
     * kernel under emulation must be told.
     */
    static List<String> of(String program, BootSpec spec, OptionalLong tscKhz) {
        List<String> args = new ArrayList<>();
        args.add(program);
        add(args, "-name", MARKER + spec.vmId());
        add(args, "-machine", machine());
        add(args, "-accel", accelerator(spec.acceleration()));
        add(args, "-cpu", cpu(spec.acceleration()));
        add(args, "-smp", Integer.toString(spec.cpus()));
        add(args, "-m", spec.memoryMiB() + "M");
        // Only what is named below exists: no VGA, no USB, no parallel port (threats C6).
        args.add("-nodefaults");
        args.add("-no-user-config");
        args.add("-no-reboot");
        add(args, "-display", "none");
        add(args, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        add(args, "-kernel", spec.kernel().toString());
        add(args, "-initrd", spec.initramfs().toString());
        add(args, "-append", kernelArguments(spec.acceleration(), tscKhz));
        // The console goes to stdout, where banger-launch keeps it within bounds.
        add(args, "-chardev", "file,id=console,path=/dev/stdout");
        add(args, "-serial", "chardev:console");
        add(args, "-chardev", "socket,id=qmp,path=" + QMP_SOCKET + ",server=on,wait=off");
        add(args, "-mon", "chardev=qmp,mode=control");
        add(args, "-device", "virtio-serial-device");
        add(args, "-chardev", "socket,id=agent,path=" + AGENT_SOCKET + ",server=on,wait=off");
        add(args, "-device", "virtserialport,chardev=agent,name=" + AGENT_PORT);
        add(args, "-object", "rng-random,id=rng,filename=/dev/urandom");
        add(args, "-device", "virtio-rng-device,rng=rng");
        for (Disk disk : spec.disks()) {
            add(args, "-blockdev", blockdev(disk));
            add(args, "-device", "virtio-blk-device,drive=" + disk.serial() + ",serial=" + disk.serial());
        }
        add(args, "-netdev", netdev(spec.network()));
        add(
                args,
                "-device",
                "virtio-net-device,netdev=net,mac=" + spec.network().mac());
        return List.copyOf(args);
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

    static String accelerator(Acceleration acceleration) {
        return switch (acceleration) {
            case KVM -> "kvm";
            case TCG -> "tcg,thread=multi";
        };
    }

    static String cpu(Acceleration acceleration) {
        return switch (acceleration) {
            case KVM -> "host";
            case TCG -> "Nehalem-v1,+rdrand"; // a kernel that finds fewer features boots faster
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
    private static String blockdev(Disk disk) {
        String file = "file.driver=file,file.filename=" + escaped(disk.file().toString());
        return "driver=" + disk.format() + ",node-name=" + disk.serial() + "," + file
                + (disk.readOnly() ? ",read-only=on,file.locking=off" : ",discard=unmap,detect-zeroes=unmap");
    }

    private static String netdev(Attachment network) {
        StringBuilder netdev = new StringBuilder("user,id=net,ipv6=off");
        forward(netdev, network.hostAddress(), network.sshPort(), 22);
        for (PublishedPort port : network.ports()) {
            forward(netdev, network.hostAddress(), port.hostPort(), port.guestPort());
        }
        return netdev.toString();
    }

    private static void forward(StringBuilder netdev, String address, int hostPort, int guestPort) {
        netdev.append(",hostfwd=tcp:")
                .append(address)
                .append(':')
                .append(hostPort)
                .append("-:")
                .append(guestPort);
    }

    /** A comma in a value is written twice in QEMU's option syntax. */
    private static String escaped(String value) {
        return value.replace(",", ",,");
    }
}
