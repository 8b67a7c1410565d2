package dev.banger.host.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.PublishedPort;
import dev.banger.testkit.Records;
import dev.banger.vm.Acceleration;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.Vmm.Attachment;
import dev.banger.vm.Vmm.BootSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class QemuCommandLineTest {
    private static List<String> args(Acceleration acceleration) {
        return QemuCommandLine.boot(
                "/usr/bin/qemu-system-x86_64", spec(acceleration), OptionalLong.of(2_445_404), true);
    }

    private static BootSpec spec(Acceleration acceleration) {
        return spec(acceleration, false);
    }

    private static BootSpec spec(Acceleration acceleration, boolean nested) {
        return new BootSpec(
                "0123456789ab",
                "dev",
                Path.of("/vms/0123456789ab"),
                2,
                512,
                acceleration,
                nested,
                Path.of("/k/vmlinux"),
                Path.of("/k/initramfs"),
                List.of(
                        new Disk(Path.of("/vms/a,b/root.qcow2"), "qcow2", "root", false),
                        new Disk(Path.of("/k/modules"), "raw", "modules", true)),
                new Attachment("127.64.0.2", "02:62:00:00:00:01", 2222, List.of(PublishedPort.ofVm(8080, 80)), null),
                Records.vm("dev", 1).runtime());
    }

    @Test
    void emulatedCpusOfAnOldQemuTakeTurnsWhileTheyBoot() {
        assertThat(values(QemuCommandLine.boot("/q", spec(Acceleration.TCG), OptionalLong.empty(), false), "-accel"))
                .containsExactly("tcg,thread=single");
        assertThat(values(args(Acceleration.TCG), "-accel")).containsExactly("tcg,thread=multi");
    }

    /** Whatever else differed, QEMU would refuse the saved devices. */
    @Test
    void aRestoredMachineHasTheSameDevicesWithItsMemoryFromAFile() {
        List<String> restored =
                QemuCommandLine.restore("/usr/bin/qemu-system-x86_64", spec(Acceleration.TCG), Path.of("/t,1/memory"));

        for (String option : List.of("-device", "-blockdev", "-netdev", "-chardev", "-smp", "-m", "-cpu", "-accel")) {
            assertThat(values(restored, option)).as(option).isEqualTo(values(args(Acceleration.TCG), option));
        }
        assertThat(values(restored, "-object"))
                .anySatisfy(object -> assertThat(object)
                        .startsWith("memory-backend-file,id=microvm.ram,")
                        .contains("share=off", "size=512M", "mem-path=/t,,1/memory"));
        assertThat(values(restored, "-incoming")).containsExactly("defer");
        assertThat(restored).contains("-S").doesNotContain("-kernel");
    }

    @Test
    void filesInTheVmsDirectoryAreNamedFromThere() {
        BootSpec spec = spec(Acceleration.TCG);
        BootSpec inside = new BootSpec(
                spec.vmId(),
                spec.name(),
                spec.directory(),
                spec.cpus(),
                spec.memoryMiB(),
                spec.acceleration(),
                spec.nested(),
                spec.kernel(),
                spec.initramfs(),
                List.of(new Disk(spec.directory().resolve("root.qcow2"), "qcow2", "root", false)),
                new Attachment("127.0.0.1", "02:62:00:00:00:01", 0, List.of(), null),
                spec.runtime());

        List<String> args = QemuCommandLine.boot("/q", inside, OptionalLong.empty(), true);

        assertThat(values(args, "-blockdev")).singleElement().asString().contains("file.filename=root.qcow2,");
        assertThat(values(args, "-netdev")).containsExactly("user,id=net,ipv6=off");
    }

    private static List<String> values(List<String> args, String option) {
        return IntStream.range(0, args.size() - 1)
                .filter(i -> args.get(i).equals(option))
                .mapToObj(i -> args.get(i + 1))
                .toList();
    }

    @Test
    void carriesTheMarkerByWhichItsProcessIsFound() {
        assertThat(values(args(Acceleration.TCG), "-name")).containsExactly("banger-0123456789ab");
    }

    @Test
    void namesTheFormatOfEveryDiskAndEscapesItsPath() {
        assertThat(values(args(Acceleration.TCG), "-blockdev"))
                .anySatisfy(disk -> assertThat(disk)
                        .startsWith("driver=qcow2,node-name=root")
                        .contains("filename=/vms/a,,b/root.qcow2"))
                .anySatisfy(disk -> assertThat(disk).startsWith("driver=raw,").contains("read-only=on"));
    }

    /** QEMU's "file" refuses block devices. */
    @Test
    void aBlockDeviceIsOpenedAsOne() {
        BootSpec file = spec(Acceleration.TCG);
        BootSpec spec = new BootSpec(
                file.vmId(),
                file.name(),
                file.directory(),
                1,
                512,
                Acceleration.TCG,
                false,
                file.kernel(),
                file.initramfs(),
                List.of(new Disk(Path.of("/dev/dm-3"), "raw", "root", false)),
                file.network(),
                file.runtime());

        assertThat(values(QemuCommandLine.boot("/q", spec, OptionalLong.empty(), true), "-blockdev"))
                .singleElement()
                .asString()
                .startsWith("driver=raw,node-name=root,file.driver=host_device,file.filename=/dev/dm-3,");
    }

    @Test
    void hasNoDevicesButThoseOfAMicrovmAndIsSandboxed() {
        List<String> args = args(Acceleration.TCG);
        assertThat(args).contains("-nodefaults", "-no-user-config", "-no-reboot");
        assertThat(values(args, "-machine")).singleElement().asString().startsWith("microvm,");
        assertThat(values(args, "-sandbox")).singleElement().asString().contains("spawn=deny");
        assertThat(values(args, "-device"))
                .allMatch(device -> device.startsWith("virtio-") || device.startsWith("virtserialport"));
    }

    @Test
    void publishesSshAndPortsOnTheVmsAddressAlone() {
        assertThat(values(args(Acceleration.TCG), "-netdev"))
                .singleElement()
                .asString()
                .contains("hostfwd=tcp:127.64.0.2:2222-:22")
                .contains("hostfwd=tcp:127.64.0.2:8080-:80");
    }

    @Test
    void tellsAnEmulatedKernelTheClockItCannotMeasure() {
        assertThat(values(args(Acceleration.TCG), "-append"))
                .singleElement()
                .asString()
                .contains(" tsc_early_khz=2445404");
        assertThat(values(args(Acceleration.KVM), "-append"))
                .singleElement()
                .asString()
                .doesNotContain("tsc_early_khz");
    }

    @Test
    void onlyAGuestThatIsToRunVmsHasTheProcessorsExtensionsForIt() {
        assertThat(cpu(Acceleration.KVM, true)).isEqualTo("host");
        assertThat(cpu(Acceleration.TCG, true)).contains("+svm", "+npt");
        assertThat(cpu(Acceleration.TCG, false)).doesNotContain("svm");
    }

    private static String cpu(Acceleration acceleration, boolean nested) {
        return values(QemuCommandLine.boot("/q", spec(acceleration, nested), OptionalLong.empty(), true), "-cpu")
                .getFirst();
    }

    @Test
    void usesTheCpuItselfWithKvm() {
        assertThat(values(args(Acceleration.KVM), "-cpu")).containsExactly("host,vmx=off,svm=off");
        assertThat(values(args(Acceleration.KVM), "-accel")).containsExactly("kvm");
        assertThat(values(args(Acceleration.TCG), "-accel"))
                .singleElement()
                .asString()
                .startsWith("tcg");
    }
}
