package dev.banger.host.qemu;

import dev.banger.api.BangerException;
import dev.banger.host.linux.Pidfd;
import dev.banger.host.linux.ProcFs;
import dev.banger.vm.RunningVm;
import dev.banger.vm.VmHandles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A QEMU process. The control connection is made when it is first needed after a reattach. */
final class QemuVm implements RunningVm {
    private static final Logger LOG = LoggerFactory.getLogger(QemuVm.class);
    private static final Duration RETRY = Duration.ofMillis(3);

    private final VmHandles handles;
    private final Pidfd pidfd;
    private final Path socket;
    private final ReentrantLock connecting = new ReentrantLock();
    private volatile @Nullable QmpClient qmp;
    private volatile String exitReason = "";

    QemuVm(VmHandles handles, Pidfd pidfd, Path socket) {
        this.handles = handles;
        this.pidfd = pidfd;
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
                    qmp = QmpClient.connect(socket, this::onEvent);
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

    @Override
    public void quit() {
        try {
            QmpClient client = qmp;
            if (client == null || !client.isOpen()) {
                if (!connect(Duration.ofSeconds(2))) {
                    return;
                }
                client = qmp;
            }
            if (client != null) {
                client.execute("quit", Map.of());
            }
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
