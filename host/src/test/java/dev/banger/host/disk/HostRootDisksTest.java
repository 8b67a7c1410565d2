package dev.banger.host.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ImageProgram;
import dev.banger.host.linux.Ext4;
import dev.banger.host.linux.Ext4Files;
import dev.banger.host.linux.FakeDeviceMapper;
import dev.banger.host.linux.LoopDevice;
import dev.banger.host.linux.LoopDevice.Attached;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.image.Image;
import dev.banger.vm.DiskKind;
import dev.banger.vm.RootDisks.Devices;
import dev.banger.vm.RootDisks.Disk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Root disks that are no qcow2 files: on real files and loop devices, below a device-mapper in memory. */
class HostRootDisksTest {
    private static final long BYTES = 64L << 20;
    private static final String ID = "0123456789ab";

    @TempDir
    Path temporary;

    private final FakeDeviceMapper kernel = new FakeDeviceMapper();
    private Path root;
    private Path rootfs;
    private Path vm;
    private HostRootDisks disks;

    @BeforeEach
    void anImage() throws IOException {
        root = temporary.toRealPath();
        rootfs = Files.createDirectories(root.resolve("images/x")).resolve("rootfs");
        vm = Files.createDirectories(root.resolve("vms/" + ID));
        try (RandomAccessFile file = new RandomAccessFile(rootfs.toFile(), "rw")) {
            file.writeBytes("of the image");
            file.setLength(BYTES);
        }
        disks = disks("auto");
    }

    private HostRootDisks disks(String wish) {
        return new HostRootDisks(
                wish,
                root.resolve("images"),
                root.resolve("vms"),
                new ProgramRunner(System.getenv()),
                new DmSnapshots(kernel.mapper()));
    }

    @AfterEach
    void noLoopDeviceIsLeft() {
        disks.releaseAll(root.resolve("vms"));
        disks.releaseAll(root.resolve("pool"));
        awaitNoLoops();
        assertThat(kernel.uuids()).noneMatch(uuid -> uuid.startsWith("BANGER-"));
    }

    private List<Attached> loops() {
        return LoopDevice.all().stream()
                .filter(each -> each.file().startsWith(root))
                .toList();
    }

    /** Other programs of the host may look at a device, and it is cleared when they are done. */
    private void awaitNoLoops() {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!loops().isEmpty() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        assertThat(loops()).isEmpty();
    }

    private Image image() {
        return new Image("debian", "digest", "test", true, BYTES, 0, Instant.EPOCH, root, rootfs, ImageProgram.NONE);
    }

    private static String start(Path file) throws IOException {
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "r")) {
            byte[] bytes = new byte[12];
            disk.readFully(bytes);
            return new String(bytes, StandardCharsets.US_ASCII);
        }
    }

    private static void write(Path file, String text) throws IOException {
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.writeBytes(text);
        }
    }

    @Test
    void qemuGetsQcow2AndWhoNeedsThemRawDisks() {
        assertThat(disks.kindFor(false)).isEqualTo(DiskKind.QCOW2);
        assertThat(disks.kindFor(true)).isEqualTo(DiskKind.COW);
        assertThat(disks("copy").kindFor(false)).isEqualTo(DiskKind.RAW);
    }

    @Test
    void aRawDiskIsMadeOnceAndKeepsWhatWasWritten() throws IOException {
        Path file = vm.resolve("root.raw");

        assertThat(disks.prepare(image(), file)).isEqualTo(new Disk(file, "raw", "root", false));
        assertThat(start(file)).isEqualTo("of the image");
        write(file, "of the VM...");
        disks.prepare(image(), file);

        assertThat(start(file)).isEqualTo("of the VM...");
        assertThat(start(rootfs)).isEqualTo("of the image");
        assertThat(disks.devices(file)).isEmpty();
        assertThat(vm).isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void aRawDiskIsCopiedWithAllOfIt() throws IOException {
        Path file = vm.resolve("root.raw");
        disks.prepare(image(), file);
        write(file, "of the VM...");

        disks.overlay(file, file, vm.resolve("root.1.raw"));
        disks.copy(file, image(), vm.resolve("root.2.raw"));
        write(file, "later.......");

        assertThat(start(vm.resolve("root.1.raw"))).isEqualTo("of the VM...");
        assertThat(start(vm.resolve("root.2.raw"))).isEqualTo("of the VM...");
        assertThat(vm.resolve("root.1.raw")).hasSize(BYTES);
    }

    @Test
    void aSnapshotIsTheImageReadOnlyBelowAndTheFileOfTheVm() throws IOException {
        Path file = vm.resolve("root.cow");

        Disk disk = disks.prepare(image(), file);

        assertThat(disk).isEqualTo(new Disk(Path.of("/dev/dm-300"), "raw", "root", false));
        Devices devices = disks.devices(file).orElseThrow();
        assertThat(devices.dmName()).isEqualTo("banger-" + ID + "-root");
        assertThat(devices.dmDevice()).isEqualTo("/dev/dm-300");
        assertThat(loops())
                .containsExactlyInAnyOrder(
                        new Attached(devices.baseLoop(), rootfs, false), new Attached(devices.cowLoop(), file, false));
        assertThat(Files.size(file)).isGreaterThan(BYTES + BYTES / 256);

        disks.release(file);
        disks.release(file);

        assertThat(kernel.uuids()).isEmpty();
        awaitNoLoops();
        assertThat(file).exists();
    }

    @Test
    void aDeviceThatIsThereIsUsedAndHalfOfOneMadeAnew() throws IOException {
        Path file = vm.resolve("root.cow");
        kernel.half("banger-" + ID + "-root", "BANGER-root-" + ID);

        Disk made = disks.prepare(image(), file);

        assertThat(disks.prepare(image(), file)).isEqualTo(made);
        assertThat(made.file()).isEqualTo(Path.of("/dev/dm-301"));
        assertThat(kernel.uuids()).hasSize(1);
        assertThat(loops()).hasSize(2);
    }

    @Test
    void aFileThatAPowerCutLeftEmptyIsBegunAnew() throws IOException {
        Path file = Files.createFile(vm.resolve("root.cow"));

        disks.prepare(image(), file);

        assertThat(Files.size(file)).isGreaterThan(BYTES);
    }

    @Test
    void aDeviceOfThatNameThatIsSomebodyElsesIsLeftAlone() throws IOException {
        Path other = Files.createDirectories(root.resolve("other-home/" + ID)).resolve("root.cow");
        disks.prepare(image(), other);

        assertThat(disks.devices(vm.resolve("root.cow"))).isEmpty();
        disks.release(vm.resolve("root.cow"));
        disks.releaseAll(root.resolve("vms"));

        assertThat(kernel.uuids()).hasSize(1);
        disks.release(other);
        assertThat(kernel.uuids()).isEmpty();
    }

    @Test
    void whatADaemonThatDiedLeftIsFoundByTheFilesBehindIt() throws IOException {
        Path pool = Files.createDirectories(root.resolve("pool/" + ID));
        disks.prepare(image(), pool.resolve("root.cow"));
        Path taken = root.resolve("vms/ba9876543210");
        Files.createDirectories(root.resolve("pool/ba9876543210"));
        disks.prepare(image(), root.resolve("pool/ba9876543210/root.cow"));
        Files.move(root.resolve("pool/ba9876543210"), taken);

        disks.releaseAll(root.resolve("pool"));

        assertThat(kernel.uuids()).containsExactly("BANGER-root-ba9876543210");
        assertThat(disks.devices(taken.resolve("root.cow"))).isPresent();
    }

    @Test
    void aDirectoryThatIsGoneKeepsNoDeviceAlive() throws IOException {
        Path file = vm.resolve("root.cow");
        disks.prepare(image(), file);
        Files.delete(file);
        Files.delete(vm);

        disks.release(file);

        assertThat(kernel.uuids()).isEmpty();
    }

    private Image image(Path tree) {
        new Ext4(new ProgramRunner(System.getenv())).make(rootfs, BYTES, "banger-root", tree, List.of());
        return image();
    }

    @Test
    void aWholeDiskIsAsLargeAsItIsToBeAndBecomesAnImage() throws IOException {
        Path tree = Files.createDirectories(root.resolve("tree"));
        Files.createDirectories(tree.resolve("usr/lib/systemd"));
        Files.writeString(tree.resolve("usr/lib/systemd/systemd"), "init");
        Files.createSymbolicLink(tree.resolve("lib"), Path.of("usr/lib"));
        Path disk = DiskKind.RAW.file(vm, "root");

        disks.whole(image(tree), disk, 2 * BYTES);
        assertThat(disk).hasSize(2 * BYTES);
        Path made = root.resolve("images/made");

        assertThat(disks.intoImage(disk, made)).as("has an init").isTrue();
        assertThat(disk).doesNotExist();
        try (Ext4Files files = Ext4Files.open(made)) {
            assertThat(files.all()).containsKeys("/lib", "/usr/lib/systemd/systemd");
        }
    }

    @Test
    void aDamagedFileSystemBecomesNoImage() throws IOException {
        Path tree = Files.createDirectories(root.resolve("tree"));
        Files.writeString(tree.resolve("file"), "content");
        Path disk = DiskKind.RAW.file(vm, "root");
        disks.whole(image(tree), disk, BYTES);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.seek(4096 * 2); // behind the superblock: what says where inodes are
            file.write(new byte[] {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7});
            file.seek(1024);
            file.write(new byte[] {1, 0, 0, 0});
        }

        assertThatThrownBy(() -> disks.intoImage(disk, root.resolve("images/made")))
                .isInstanceOfSatisfying(
                        BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_CORRUPT));
    }
}
