package dev.banger.host.firecracker;

import dev.banger.host.firecracker.FirecrackerApi.Request;
import dev.banger.network.Tap;
import dev.banger.testkit.Records;
import dev.banger.vm.Acceleration;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.VmRuntime;
import dev.banger.vm.Vmm.Attachment;
import dev.banger.vm.Vmm.BootSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A VM as banger has it, and everything that it asks Firecracker in its life. */
final class Specimen {
    static final Path DIRECTORY = Path.of("/vms/0123456789ab");

    private Specimen() {}

    static BootSpec spec(Path directory) {
        return new BootSpec(
                "0123456789ab",
                "dev",
                directory,
                2,
                128,
                Acceleration.KVM,
                false,
                directory.resolve("vmlinux"),
                directory.resolve("initramfs"),
                List.of(
                        new Disk(directory.resolve("root.raw"), "raw", "root", false),
                        new Disk(directory.resolve("work.raw"), "raw", "work", false),
                        new Disk(directory.resolve("modules"), "raw", "modules", true)),
                new Attachment("172.30.0.2", "02:62:00:00:00:01", 22, List.of(), new Tap("bang-test", 7)),
                runtime(directory));
    }

    static VmRuntime runtime(Path directory) {
        VmRuntime other = Records.vm("dev", 1).runtime();
        return new VmRuntime(
                other.state(),
                other.guestIp(),
                other.hostAddress(),
                directory.resolve("api.sock").toString(),
                directory.resolve("agent.sock").toString(),
                null,
                directory.resolve("console.log").toString(),
                directory.resolve("vmm.log").toString(),
                other.dnsName(),
                directory.toString(),
                directory.resolve("root.raw").toString(),
                directory.resolve("work.raw").toString(),
                other.mac(),
                other.machineId(),
                0,
                null,
                null,
                List.of(),
                null,
                null,
                false,
                null);
    }

    static List<Request> everyRequest() {
        BootSpec spec = spec(DIRECTORY);
        List<Request> requests = new ArrayList<>(FirecrackerMachine.boot(spec));
        requests.add(FirecrackerMachine.pause());
        requests.add(FirecrackerMachine.state());
        requests.add(FirecrackerMachine.save(DIRECTORY.resolve("memory"), DIRECTORY.resolve("state")));
        requests.add(FirecrackerMachine.reopen("root"));
        requests.add(FirecrackerMachine.reopen("work"));
        requests.add(FirecrackerMachine.resume());
        requests.add(FirecrackerMachine.load(spec, DIRECTORY.resolve("memory"), DIRECTORY.resolve("state")));
        return requests;
    }
}
