package dev.banger.host.firecracker;

import dev.banger.host.firecracker.FirecrackerApi.Request;
import dev.banger.network.Tap;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.Vmm.Attachment;
import dev.banger.vm.Vmm.BootSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * What a VM is to Firecracker: its arguments, and the requests that make, save, restore and change a machine. Pure. Paths in the VM's
 * directory are relative, since Firecracker works there: so socket paths stay short (P84), the directory tells whose process it
 * is, and a saved machine, which has the paths of its disks and sockets in it, finds its own wherever it is restored.
 */
final class FirecrackerMachine {
    /** The first part of the id that marks a process as the VMM of the VM whose id follows. */
    static final String MARKER = "banger-";

    static final String ID_OPTION = "--id";
    /** The log of what Firecracker counts, a line of JSON a minute. */
    static final String METRICS = "metrics.log";

    /** Where the guest's agent listens. */
    static final OptionalInt AGENT_PORT = OptionalInt.of(1024);

    private static final String CARD = "net";
    /** Context ids are per process with Firecracker, and 0 to 2 mean something else (vsock(7)). */
    private static final int GUEST_CID = 3;

    private FirecrackerMachine() {}

    /** What starts Firecracker; the requests do the rest. Its console goes to stdout, its log to stderr, its metrics to descriptor 4, which banger-launch bounds. */
    static List<String> command(String program, BootSpec spec) {
        return List.of(
                program,
                ID_OPTION,
                MARKER + spec.vmId(),
                "--api-sock",
                fileName(spec.runtime().apiSocket()),
                "--log-path",
                "/dev/stderr",
                "--level",
                "Info",
                "--metrics-path",
                "/dev/fd/4");
    }

    /** Makes a machine and lets it boot. */
    static List<Request> boot(BootSpec spec) {
        List<Request> requests = new ArrayList<>();
        requests.add(Request.put(
                "/machine-config",
                Map.of(
                        "vcpu_count",
                        spec.cpus(),
                        "mem_size_mib",
                        spec.memoryMiB(),
                        "smt",
                        false,
                        "track_dirty_pages",
                        false)));
        requests.add(Request.put(
                "/boot-source",
                Map.of(
                        "kernel_image_path",
                        spec.kernel().toString(),
                        "initrd_path",
                        spec.initramfs().toString(),
                        "boot_args",
                        kernelArguments(spec.disks()))));
        for (Disk disk : spec.disks()) {
            requests.add(Request.put(
                    "/drives/" + disk.serial(),
                    Map.of(
                            "drive_id",
                            disk.serial(),
                            "path_on_host",
                            link(disk.serial()),
                            "is_root_device",
                            false,
                            "is_read_only",
                            disk.readOnly(),
                            "cache_type",
                            "Writeback")));
        }
        requests.add(Request.put(
                "/network-interfaces/" + CARD,
                Map.of(
                        "iface_id",
                        CARD,
                        "guest_mac",
                        spec.network().mac(),
                        "host_dev_name",
                        tap(spec.vmId(), spec.network()))));
        requests.add(Request.put(
                "/vsock",
                Map.of(
                        "guest_cid",
                        GUEST_CID,
                        "uds_path",
                        fileName(spec.runtime().vsockPath()))));
        requests.add(Request.put("/entropy", Map.of()));
        requests.add(Request.put("/actions", Map.of("action_type", "InstanceStart")));
        return List.copyOf(requests);
    }

    /** Makes a machine as it was saved, paused, with its memory mapped copy-on-write. Disks and sockets are those of its directory. */
    static Request load(BootSpec spec, Path memory, Path state) {
        return Request.put(
                "/snapshot/load",
                Map.of(
                        "snapshot_path",
                        state.toString(),
                        "mem_backend",
                        Map.of("backend_type", "File", "backend_path", memory.toString()),
                        "resume_vm",
                        false,
                        "network_overrides",
                        List.of(Map.of("iface_id", CARD, "host_dev_name", tap(spec.vmId(), spec.network())))));
    }

    static Request save(Path memory, Path state) {
        return Request.put(
                "/snapshot/create",
                Map.of("snapshot_type", "Full", "snapshot_path", state.toString(), "mem_file_path", memory.toString()));
    }

    static Request pause() {
        return Request.patch("/vm", Map.of("state", "Paused"));
    }

    static Request resume() {
        return Request.patch("/vm", Map.of("state", "Resumed"));
    }

    /** Whose answer's {@code state} is {@code Not started}, {@code Running} or {@code Paused}. */
    static Request state() {
        return Request.get("/");
    }

    /** Has the file of a disk opened again. */
    static Request reopen(String serial) {
        return Request.patch("/drives/" + serial, Map.of("drive_id", serial, "path_on_host", link(serial)));
    }

    /** The name in the VM's directory under which Firecracker knows a disk, whatever file that is. */
    static String link(String serial) {
        return serial + ".disk";
    }

    /**
     * Firecracker has no network card without a tap, and makes a tap that is not there. So a machine that is to be connected to
     * nothing gets one of its own, which is down, at no bridge, and gone with the process.
     */
    private static String tap(String vmId, Attachment network) {
        Tap tap = network.tap();
        return tap == null ? "bnone-" + vmId.substring(0, 8) : tap.name();
    }

    /**
     * {@code reboot=k}: a restart by the keyboard controller is what ends Firecracker. Disks have no serial numbers, so the agent is told
     * their order; what else it is told is where to listen.
     */
    private static String kernelArguments(List<Disk> disks) {
        return "console=ttyS0 reboot=k panic=-1 quiet loglevel=3 8250.nr_uarts=1 pci=off i8042.noaux i8042.nomux"
                + " i8042.dumbkbd random.trust_cpu=on net.ifnames=0 audit=0 selinux=0 apparmor=0 lsm=landlock"
                + " cryptomgr.notests banger.disks="
                + disks.stream().map(Disk::serial).collect(Collectors.joining(","))
                + " banger.vsock=" + AGENT_PORT.getAsInt();
    }

    private static String fileName(String path) {
        return String.valueOf(Path.of(path).getFileName());
    }
}
