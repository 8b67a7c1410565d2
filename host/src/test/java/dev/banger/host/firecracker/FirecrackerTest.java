package dev.banger.host.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.banger.host.firecracker.FirecrackerApi.Request;
import dev.banger.host.firecracker.Recording.Exchange;
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

    @Test
    void answersAsItWasRecorded() throws Exception {
        BootSpec spec = Specimen.spec(directory);
        Files.write(spec.kernel(), haltingKernel());
        Files.write(spec.initramfs(), new byte[4096]);
        for (String disk : List.of("root", "work", "modules")) {
            Path file = directory.resolve(disk + ".raw");
            try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
                raw.setLength(1 << 20);
            }
            Files.createSymbolicLink(directory.resolve(FirecrackerMachine.link(disk)), file.getFileName());
        }

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
            assertThat(now.json()).isEqualTo(Recording.read().json());
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
        List<String> command = new ArrayList<>(List.of("unshare", "-rn"));
        command.addAll(FirecrackerMachine.command(binary, spec));
        command.set(command.indexOf("--api-sock") + 1, "api.sock");
        Process running = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("console").toFile()))
                .redirectError(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("log").toFile()))
                .start();
        firecracker = running;
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!api().isThere()) {
            assertThat(running.isAlive() && System.nanoTime() < deadline)
                    .as(Files.readString(directory.resolve("log")))
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
