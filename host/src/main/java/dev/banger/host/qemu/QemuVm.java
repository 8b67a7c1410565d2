package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Pidfd;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.linux.SocketPath;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.RunningVm;
import dev.banger.vm.VmHandles;
import dev.banger.vm.Vmm.Attachment;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A QEMU process. The control connection is made when it is first needed after a reattach. */
final class QemuVm implements RunningVm {
    private static final Logger LOG = LoggerFactory.getLogger(QemuVm.class);
    private static final Duration RETRY = Duration.ofMillis(1);
    private static final Duration RECONNECT = Duration.ofSeconds(2);
    private static final Duration MIGRATION = Duration.ofSeconds(120);
    private static final Duration READER = Duration.ofSeconds(20);
    private static final String LOAD_SOCKET = "load.sock";
    private static final String SAVE_SOCKET = "save.sock";
    /** Bytes a second. */
    private static final long UNLIMITED = 1L << 40;

    private volatile VmHandles handles;
    private final Pidfd pidfd;
    private final String socket;
    private final BlockingQueue<String> migration = new LinkedBlockingQueue<>();
    private volatile Path directory;
    private final ReentrantLock connecting = new ReentrantLock();
    private volatile @Nullable QmpClient qmp;
    private volatile String exitReason = "";

    /** {@code socket}: the name of the control socket in {@code directory}. */
    QemuVm(VmHandles handles, Pidfd pidfd, Path directory, String socket) {
        this.handles = handles;
        this.pidfd = pidfd;
        this.directory = directory;
        this.socket = socket;
    }

    /** Waits until QEMU's control socket answers. @return false when the process ended or time ran out */
    boolean connect(Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        connecting.lock();
        try {
            while (isAlive()
                    && System.nanoTime() < deadline
                    && !Thread.currentThread().isInterrupted()) {
                try {
                    qmp = QmpClient.connect(directory.resolve(socket), this::onEvent);
                    return true;
                } catch (IOException e) {
                    LockSupport.parkNanos(RETRY.toNanos()); // it does not listen yet
                }
            }
            return false;
        } finally {
            connecting.unlock();
        }
    }

    private void onEvent(QmpClient.Event event) {
        if (event.name().equals("MIGRATION")) {
            migration.add(String.valueOf(event.data().get("status")));
        }
        if (event.name().equals("SHUTDOWN")) {
            exitReason = switch (String.valueOf(event.data().get("reason"))) {
                case "guest-reset", "guest-shutdown" -> "the guest shut down";
                case "guest-panic" -> "the guest's kernel panicked";
                case "host-signal" -> "its VMM was ended by a signal";
                default -> "";
            };
        }
    }

    @Override
    public VmHandles handles() {
        return handles;
    }

    @Override
    public boolean isAlive() {
        return ProcFs.isAlive(handles.pid(), handles.startTicks());
    }

    @Override
    public boolean awaitExit(Duration atMost) {
        return pidfd.awaitExit(atMost);
    }

    @Override
    public String exitReason() {
        return exitReason;
    }

    /** Loads CPUs and devices; the memory is there. The guest then is paused. */
    void load(Path where, Path state) {
        QmpClient client = client();
        report(client);
        client.execute("migrate-incoming", Map.of("uri", "unix:" + LOAD_SOCKET));
        Path incoming = where.resolve(LOAD_SOCKET);
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                FileChannel saved = FileChannel.open(state, StandardOpenOption.READ)) {
            try (SocketPath path = SocketPath.of(incoming)) {
                channel.connect(path.address());
            }
            for (long at = 0; at < saved.size(); ) {
                at += saved.transferTo(at, saved.size() - at, channel);
            }
            channel.shutdownOutput();
            awaitMigration("load the saved machine");
        } catch (IOException e) {
            throw new BangerException(ErrorCode.VMM_FAILED, "cannot give QEMU the saved machine: " + e.getMessage(), e);
        } finally {
            remove(incoming);
        }
    }

    @Override
    public void save(Path memory, Path state) {
        QmpClient client = client();
        report(client);
        // QEMU holds itself back to 128 MiB/s unless it is told otherwise.
        client.execute("migrate-set-parameters", Map.of("max-bandwidth", UNLIMITED));
        Path outgoing = directory.resolve(SAVE_SOCKET);
        remove(outgoing);
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            try (SocketPath path = SocketPath.of(outgoing)) {
                server.bind(path.address());
            }
            AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
            Thread reader = Thread.ofPlatform().daemon().name("saving").start(() -> {
                try {
                    receive(server, memory, state);
                } catch (IOException | RuntimeException e) {
                    failure.set(e);
                }
            });
            try {
                client.execute("migrate", Map.of("uri", "unix:" + SAVE_SOCKET));
                awaitMigration("save the machine");
            } catch (RuntimeException e) {
                server.close(); // the reader may wait for a connection that never comes
                reader.join(READER);
                throw failure.get() instanceof BangerException reason ? reason : e;
            }
            reader.join(READER);
            Exception reason = failure.get();
            if (reason instanceof BangerException expected) {
                throw expected;
            }
            if (reason != null || reader.isAlive()) {
                throw DiskFailure.of(
                        "cannot save the machine to " + memory,
                        memory,
                        reason instanceof IOException io ? io : new IOException("it takes too long", reason));
            }
        } catch (IOException e) {
            throw DiskFailure.of("cannot save the machine to " + memory, memory, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while saving a machine", e);
        } finally {
            remove(outgoing);
        }
    }

    private void receive(ServerSocketChannel server, Path memory, Path state) throws IOException {
        try (SocketChannel channel = server.accept();
                FileChannel pages = FileChannel.open(memory, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                OutputStream rest = new BufferedOutputStream(
                        Files.newOutputStream(state, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        1 << 16)) {
            MigrationStream.split(channel, pages, memoryBytes(), QemuCommandLine.MEMORY_BLOCK, rest);
        }
    }

    private long memoryBytes() {
        Object size = client().execute("query-memory-size-summary", Map.of()).get("base-memory");
        if (size instanceof Number number) {
            return number.longValue();
        }
        throw new BangerException(ErrorCode.VMM_FAILED, "QEMU does not tell how much memory the guest has");
    }

    /** QEMU then tells how a migration goes, which is what saving and loading is to it. */
    private void report(QmpClient client) {
        client.execute(
                "migrate-set-capabilities",
                Map.of("capabilities", List.of(Map.of("capability", "events", "state", true))));
        migration.clear();
    }

    private void awaitMigration(String what) {
        try {
            long deadline = System.nanoTime() + MIGRATION.toNanos();
            while (System.nanoTime() < deadline) {
                String status = migration.poll(100, TimeUnit.MILLISECONDS);
                if ("completed".equals(status)) {
                    return;
                }
                if ("failed".equals(status) || "cancelled".equals(status)) {
                    Object reason = client().execute("query-migrate", Map.of()).get("error-desc");
                    throw new BangerException(
                            ErrorCode.VMM_FAILED, "QEMU could not " + what + (reason == null ? "" : ": " + reason));
                }
                if (status == null && !isAlive()) {
                    throw new BangerException(ErrorCode.VMM_FAILED, "QEMU ended while it was to " + what);
                }
            }
            throw new BangerException(
                    ErrorCode.TIMED_OUT, "QEMU did not " + what + " within " + MIGRATION.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while QEMU was to " + what, e);
        }
    }

    private static void remove(Path socket) {
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.warn("Cannot remove {}", socket, e);
        }
    }

    @Override
    public void pause() {
        client().execute("stop", Map.of());
    }

    @Override
    public void resume() {
        client().execute("cont", Map.of());
    }

    @Override
    public boolean isPaused() {
        return !Boolean.TRUE.equals(client().execute("query-status", Map.of()).get("running"));
    }

    /** In one transaction, in QEMU's sense. */
    @Override
    public void switchDisks(List<Disk> overlays) {
        List<Map<String, Object>> actions = new ArrayList<>();
        for (Disk overlay : overlays) {
            String file = String.valueOf(overlay.file().getFileName());
            // Not blockdev-add with "backing": null: QEMU then cannot open the node read-only once it is a base itself.
            actions.add(Map.of(
                    "type",
                    "blockdev-snapshot-sync",
                    "data",
                    Map.of(
                            "node-name",
                            node(overlay.serial()),
                            "snapshot-file",
                            file,
                            "snapshot-node-name",
                            nodeOf(overlay),
                            "format",
                            overlay.format(),
                            "mode",
                            "existing")));
        }
        client().execute("transaction", Map.of("actions", actions));
    }

    @Override
    public void growDisk(String serial, long bytes) {
        Map<?, ?> medium = medium(serial);
        // block_resize makes a disk smaller as well, with all that is in it.
        if (medium.get("image") instanceof Map<?, ?> image
                && image.get("virtual-size") instanceof Number now
                && now.longValue() > bytes) {
            throw BangerException.invalid(
                    "the disk " + serial + " has " + now + " bytes and cannot shrink to " + bytes);
        }
        client().execute("block_resize", Map.of("node-name", String.valueOf(medium.get("node-name")), "size", bytes));
    }

    /** The block node that a disk is right now: that of the command line until its overlay was switched to. */
    private String node(String serial) {
        return String.valueOf(medium(serial).get("node-name"));
    }

    private Map<?, ?> medium(String serial) {
        for (Map<String, Object> device : client().list("query-block")) {
            if (device.get("inserted") instanceof Map<?, ?> medium
                    && medium.get("node-name") instanceof String node
                    && (node.equals(serial) || node.startsWith(serial + "-"))) {
                return medium;
            }
        }
        throw new BangerException(ErrorCode.VMM_FAILED, "QEMU has no disk " + serial);
    }

    /** By its node: what QEMU calls the file of an overlay is a description of the whole chain. */
    @Override
    public boolean writesTo(Disk overlay) {
        return node(overlay.serial()).equals(nodeOf(overlay));
    }

    private static String nodeOf(Disk overlay) {
        return overlay.serial() + "-"
                + Integer.toHexString(
                        String.valueOf(overlay.file().getFileName()).hashCode());
    }

    @Override
    public void publish(Attachment network) {
        // At a tap there is nothing to ask of QEMU: the host itself reaches every port.
        for (String forward : network.tap() == null ? QemuCommandLine.forwards(network) : List.<String>of()) {
            Object said = client().text("human-monitor-command", Map.of("command-line", "hostfwd_add net " + forward))
                    .strip();
            if (!"".equals(said)) {
                throw new BangerException(ErrorCode.ALREADY_EXISTS, "cannot publish " + forward + ": " + said);
            }
        }
        handles = handles.withPorts(network.sshPort(), network.ports());
    }

    /** QEMU's user network lists a line for each: {@code TCP[ESTABLISHED]}, {@code UDP[236 sec]}; what is published is no connection. */
    @Override
    public boolean hasConnections() {
        return client().text("human-monitor-command", Map.of("command-line", "info usernet"))
                .lines()
                .map(String::strip)
                .anyMatch(line -> line.startsWith("TCP[")
                                && !line.startsWith("TCP[HOST_FORWARD]")
                                && !line.startsWith("TCP[TIME_WAIT]")
                        || line.startsWith("UDP["));
    }

    @Override
    public void movedTo(Path newDirectory) {
        directory = newDirectory;
    }

    /** The open control connection, made anew where it was lost. */
    private QmpClient client() {
        QmpClient client = qmp;
        if (client == null || !client.isOpen()) {
            if (!connect(RECONNECT)) {
                throw new BangerException(
                        ErrorCode.VMM_FAILED, "QEMU (pid " + handles.pid() + ") does not answer on its control socket");
            }
            client = qmp;
        }
        if (client == null) {
            throw new IllegalStateException("connected without a connection");
        }
        return client;
    }

    @Override
    public void quit() {
        try {
            client().execute("quit", Map.of());
        } catch (BangerException e) {
            // It may have ended before it could answer, or hang: the caller waits, then kills.
            LOG.debug("QEMU {} did not take quit", handles.pid(), e);
        }
    }

    @Override
    public void kill() {
        pidfd.kill();
    }

    @Override
    public void close() {
        QmpClient client = qmp;
        if (client != null) {
            client.close();
        }
        pidfd.close();
    }
}
