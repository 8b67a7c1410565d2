package dev.banger.host.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessesTest {
    @TempDir
    private Path directory;

    @Test
    void aPidfdKillsExactlyTheProcessItPins() throws Exception {
        Process sleep = new ProcessBuilder("sleep", "60").start();
        long start = ProcFs.stat(sleep.pid()).orElseThrow().startTicks();
        try (Pidfd pidfd = Pidfd.open(sleep.pid(), start).orElseThrow()) {
            assertThat(pidfd.awaitExit(Duration.ofMillis(50))).isFalse();
            pidfd.kill();
            assertThat(pidfd.awaitExit(Duration.ofSeconds(5))).isTrue();
        }
        assertThat(sleep.waitFor(5, TimeUnit.SECONDS)).isTrue();
        assertThat(ProcFs.isAlive(sleep.pid(), start)).isFalse();
    }

    @Test
    void aReusedPidIsNotTheProcessThatWasStarted_P42() throws Exception {
        Process sleep = new ProcessBuilder("sleep", "60").start();
        try {
            long start = ProcFs.stat(sleep.pid()).orElseThrow().startTicks();
            assertThat(ProcFs.isAlive(sleep.pid(), start)).isTrue();
            assertThat(ProcFs.isAlive(sleep.pid(), start + 1)).isFalse();
            assertThat(Pidfd.open(sleep.pid(), start + 1)).isEmpty();
        } finally {
            sleep.destroyForcibly().waitFor();
        }
    }

    @Test
    void theInstanceLockHasOneHolder() {
        Path file = directory.resolve("lock");
        try (InstanceLock first = InstanceLock.tryTake(file).orElseThrow()) {
            assertThat(first).isNotNull();
            assertThat(InstanceLock.tryTake(file)).isEmpty();
        }
        InstanceLock.tryTake(file).orElseThrow().close();
    }

    @Test
    void aSparseFilesDigestDependsOnItsContentAlone() throws Exception {
        Path sparse = directory.resolve("sparse");
        Path written = directory.resolve("written");
        try (var channel = FileChannel.open(sparse, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), 5_000_000);
        }
        byte[] content = Files.readAllBytes(sparse);
        Files.write(written, content);

        SparseDigest.Digest digest = SparseDigest.of(sparse);
        assertThat(SparseDigest.of(written)).isEqualTo(digest);
        assertThat(digest.dataBytes()).isLessThan(100_000);
        content[0] = 1;
        Files.write(written, content);
        assertThat(SparseDigest.of(written).hex()).isNotEqualTo(digest.hex());
    }

    @Test
    void aSocketPathMayBeLongerThanTheKernelsLimit_P84() throws Exception {
        Path deep = Files.createDirectories(directory.resolve("d".repeat(100)).resolve("e".repeat(100)));
        Path socket = deep.resolve("a.sock");
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                SocketPath bindPath = SocketPath.of(socket)) {
            server.bind(bindPath.address());
            try (var client = SocketChannel.open(StandardProtocolFamily.UNIX);
                    SocketPath path = SocketPath.of(socket)) {
                assertThat(client.connect(path.address())).isTrue();
            }
        }
        assertThat(socket).exists();
    }
}
