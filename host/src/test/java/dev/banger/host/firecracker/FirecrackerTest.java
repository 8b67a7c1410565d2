package dev.banger.host.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.banger.host.firecracker.FirecrackerApi.Request;
import dev.banger.host.firecracker.Recording.Exchange;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.linux.VmmLauncher;
import dev.banger.host.linux.VmmScan;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.RunningVm;
import dev.banger.vm.Vmm.BootSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Against a real Firecracker, which {@code FIRECRACKER_BIN} names; it needs KVM, of any kind: its guest does nothing but halt. With
 * {@code -Dbanger.firecracker=write} what it answers becomes the recording that {@link FirecrackerContractTest} goes by. Its taps are
 * in a network namespace of its own.
 */
class FirecrackerTest {
    @TempDir
    private Path directory;

    private String binary = "";
    private @Nullable Process firecracker;
    private final List<Exchange> exchanges = new ArrayList<>();

    @BeforeEach
    void find() {
        binary = System.getenv().getOrDefault("FIRECRACKER_BIN", "");
        assumeTrue(!binary.isEmpty(), "no FIRECRACKER_BIN names a Firecracker to ask");
    }

    @AfterEach
    void stop() throws Exception {
        Process running = firecracker;
        if (running != null) {
            running.destroyForcibly().waitFor();
        }
    }

    /** The launcher gives it a network namespace of its own, and nothing else. */
    private Path launcher() throws IOException {
        Path launcher = directory.resolve("launcher");
        Files.writeString(
                launcher,
                "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift\n"
                        + "exec unshare -rn \"$@\" >>console.log 2>>vmm.log 4>>metrics.log\n");
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
        return launcher;
    }

    private FirecrackerVmm vmm() throws IOException {
        ProgramRunner programs = new ProgramRunner(System.getenv());
        return new FirecrackerVmm(new FirecrackerProgram(programs, binary, directory), new VmmLauncher(launcher(), 1));
    }

    @Test
    void aMachineIsBootedSavedAndRestoredInAnotherDirectory() throws Exception {
        Path first = Files.createDirectory(directory.resolve("0123456789ab"));
        Path second = Files.createDirectory(directory.resolve("other"));
        BootSpec spec = Specimen.spec(first);
        machine(spec);
        machine(Specimen.spec(second));
        VmmScan scan = new VmmScan(List.of(new FirecrackerProcesses()));

        try (RunningVm vm = vmm().boot(spec)) {
            assertThat(vm.isAlive()).isTrue();
            assertThat(vm.isPaused()).isFalse();
            assertThat(scan.scan(directory.toRealPath()).get("0123456789ab"))
                    .isNotNull()
                    .satisfies(found ->
                            assertThat(found.pid()).isEqualTo(vm.handles().pid()));
            assertThat(vm.writesTo(spec.disks().getFirst())).isTrue();
            vm.pause();
            vm.save(directory.resolve("memory"), directory.resolve("state"));
            vm.resume();
            assertThat(vm.isPaused()).isFalse();
            vm.quit();
            assertThat(vm.awaitExit(Duration.ofSeconds(5))).isTrue();
        }

        BootSpec elsewhere = Specimen.spec(second);
        try (RunningVm vm = vmm().restore(elsewhere, directory.resolve("memory"), directory.resolve("state"))) {
            assertThat(vm.isPaused()).isTrue();
            assertThat(vm.writesTo(elsewhere.disks().getFirst())).isTrue();
            assertThat(vm.writesTo(spec.disks().getFirst())).isFalse();
            vm.resume();
            assertThat(vm.isPaused()).isFalse();
            Path moved = directory.resolve("moved");
            Files.move(second, moved);
            vm.movedTo(moved);
            assertThat(vm.isPaused()).isFalse();
            vm.kill();
            assertThat(vm.awaitExit(Duration.ofSeconds(5))).isTrue();
        }
    }

    @Test
    void whatFirecrackerHasAgainstAMachineIsToldAndNothingIsLeftOfIt() throws Exception {
        Path place = Files.createDirectory(directory.resolve("0123456789ab"));
        BootSpec spec = Specimen.spec(place);
        machine(spec);
        Files.delete(spec.kernel());

        assertThatThrownBy(() -> vmm().boot(spec))
                .hasMessageContaining("Firecracker refused PUT /boot-source: ")
                .hasMessageContaining("The kernel file cannot be opened");
        assertThatThrownBy(() -> vmm().restore(spec, directory.resolve("memory"), directory.resolve("state")))
                .hasMessageContaining("Firecracker refused PUT /snapshot/load: ");
        assertThat(new VmmScan(List.of(new FirecrackerProcesses())).scan(directory.toRealPath()))
                .isEmpty();
    }

    /** Its kernel and its disks. */
    private static void machine(BootSpec spec) throws IOException {
        Files.write(spec.kernel(), haltingKernel());
        Files.write(spec.initramfs(), new byte[4096]);
        for (Disk disk : spec.disks()) {
            try (RandomAccessFile raw = new RandomAccessFile(disk.file().toFile(), "rw")) {
                raw.setLength(1 << 20);
            }
        }
    }

    @Test
    void answersAsItWasRecorded() throws Exception {
        BootSpec spec = Specimen.spec(directory);
        machine(spec);
        spec.disks().forEach(disk -> FirecrackerVm.link(directory, disk));

        start(spec);
        String version = String.valueOf(api().ask(Request.get("/version")).get("firecracker_version"));
        exchange(Request.get("/version"));
        exchange(FirecrackerMachine.state());
        exchange(Request.put("/nothing", Map.of()));
        exchange(Request.put("/machine-config", Map.of("vcpu_count", 0, "mem_size_mib", 128)));
        exchange(Request.put("/boot-source", Map.of("kernel_image_path", "missing")));
        exchange(Request.put("/boot-source", Map.of("kernel_image_path", 7)));
        exchange(Request.put(
                "/drives/root", Map.of("drive_id", "root", "path_on_host", "missing", "is_root_device", false)));
        exchange(Request.put(
                "/network-interfaces/net",
                Map.of("iface_id", "net", "guest_mac", "no address", "host_dev_name", "bang-test")));
        exchange(Request.put("/vsock", Map.of("guest_cid", 1, "uds_path", "agent.sock")));
        exchange(Request.put("/actions", Map.of("action_type", "InstanceStart")));
        exchange(FirecrackerMachine.pause());
        FirecrackerMachine.boot(spec).forEach(this::exchange);
        exchange(FirecrackerMachine.state());
        exchange(Request.put("/actions", Map.of("action_type", "InstanceStart")));
        exchange(FirecrackerMachine.save(directory.resolve("memory"), directory.resolve("state")));
        exchange(FirecrackerMachine.pause());
        exchange(FirecrackerMachine.state());
        exchange(FirecrackerMachine.save(directory.resolve("memory"), directory.resolve("state")));
        exchange(FirecrackerMachine.reopen("root"));
        exchange(FirecrackerMachine.reopen("work"));
        exchange(Request.patch("/drives/none", Map.of("drive_id", "none", "path_on_host", "root.disk")));
        exchange(Request.patch("/drives/root", Map.of("drive_id", "root", "path_on_host", "missing")));
        exchange(FirecrackerMachine.resume());
        stop();

        start(spec);
        exchange(FirecrackerMachine.load(spec, directory.resolve("memory"), directory.resolve("state")));
        exchange(FirecrackerMachine.state());
        exchange(FirecrackerMachine.resume());
        stop();

        start(spec);
        exchange(FirecrackerMachine.load(spec, directory.resolve("memory"), directory.resolve("missing")));

        Recording now = new Recording(version, exchanges);
        if ("write".equals(System.getProperty("banger.firecracker"))) {
            Files.writeString(Path.of("src/test/resources" + Recording.FILE), now.json());
        } else if (version.equals(Recording.read().version())) {
            assertThat(now.exchanges()).isEqualTo(Recording.read().exchanges());
        } else {
            assertThat(now.exchanges().stream().map(each -> each.shape() + each.accepted()))
                    .containsExactlyElementsOf(Recording.read().exchanges().stream()
                            .map(each -> each.shape() + each.accepted())
                            .toList());
        }
    }

    private FirecrackerApi api() {
        return new FirecrackerApi(directory.resolve("api.sock"));
    }

    private void start(BootSpec spec) throws Exception {
        for (String socket : List.of("api.sock", "agent.sock")) {
            Files.deleteIfExists(directory.resolve(socket));
        }
        List<String> command = new ArrayList<>(List.of(launcher().toString(), "--"));
        command.addAll(FirecrackerMachine.command(binary, spec));
        Process running = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .start();
        firecracker = running;
        Path log = directory.resolve("vmm.log");
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!api().isThere()) {
            assertThat(running.isAlive() && System.nanoTime() < deadline)
                    .as(Files.exists(log) ? Files.readString(log) : "")
                    .isTrue();
            TimeUnit.MILLISECONDS.sleep(2);
        }
    }

    /** As {@link FirecrackerApi} would send it, and with the answer as it came. The directory is another one every time. */
    private void exchange(Request request) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(directory.resolve("api.sock")));
            ByteBuffer out = ByteBuffer.wrap(request.bytes());
            while (out.hasRemaining()) {
                channel.write(out);
            }
            StringBuilder text = new StringBuilder();
            ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
            while (!complete(text.toString()) && channel.read(buffer.clear()) >= 0) {
                text.append(StandardCharsets.UTF_8.decode(buffer.flip()));
            }
            String[] parts = text.toString().split("\r\n\r\n", 2);
            exchanges.add(new Exchange(
                    withoutDirectory(request),
                    Integer.parseInt(parts[0].split(" ", 3)[1]),
                    parts[1].replace(directory.toString(), Specimen.DIRECTORY.toString())));
        } catch (IOException e) {
            throw new AssertionError(request.toString(), e);
        }
    }

    private static boolean complete(String text) {
        int end = text.indexOf("\r\n\r\n");
        String length = text.replaceAll("(?s).*Content-Length: ([0-9]+)\r.*", "$1");
        return end >= 0 && (!length.matches("[0-9]+") || text.length() - end - 4 >= Integer.parseInt(length));
    }

    private Request withoutDirectory(Request request) {
        String json = Recording.text(request.body()).replace(directory.toString(), Specimen.DIRECTORY.toString());
        return new Request(request.method(), request.path(), Recording.object(json));
    }

    /** A 64-bit ELF with one segment at 1 MiB: hlt; jmp to it. */
    private static byte[] haltingKernel() {
        ByteBuffer elf = ByteBuffer.allocate(0x2000).order(ByteOrder.LITTLE_ENDIAN);
        long address = 1 << 20;
        elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        elf.putShort((short) 2)
                .putShort((short) 62)
                .putInt(1)
                .putLong(address)
                .putLong(64)
                .putLong(0)
                .putInt(0);
        elf.putShort((short) 64).putShort((short) 56).putShort((short) 1);
        elf.position(64);
        elf.putInt(1)
                .putInt(5)
                .putLong(0x1000)
                .putLong(address)
                .putLong(address)
                .putLong(0x1000)
                .putLong(0x1000);
        elf.putLong(0x1000);
        elf.position(0x1000);
        elf.put(new byte[] {(byte) 0xf4, (byte) 0xeb, (byte) 0xfd});
        return elf.array();
    }
}
