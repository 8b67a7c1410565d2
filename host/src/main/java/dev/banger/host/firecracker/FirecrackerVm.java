package dev.banger.host.firecracker;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.firecracker.FirecrackerApi.Request;
import dev.banger.host.linux.DiskFailure;
import dev.banger.host.linux.Pidfd;
import dev.banger.host.linux.ProcFs;
import dev.banger.host.linux.SparseFile;
import dev.banger.vm.RootDisks.Disk;
import dev.banger.vm.RunningVm;
import dev.banger.vm.VmHandles;
import dev.banger.vm.VmRuntime;
import dev.banger.vm.Vmm.Attachment;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A Firecracker process. */
final class FirecrackerVm implements RunningVm {
    private static final Logger LOG = LoggerFactory.getLogger(FirecrackerVm.class);
    private static final Duration RETRY = Duration.ofMillis(1);

    private volatile VmHandles handles;
    private final Pidfd pidfd;
    private final String socket;
    private final String log;
    private final FirecrackerApi api;
    private volatile Path directory;

    FirecrackerVm(VmHandles handles, Pidfd pidfd, Path directory, VmRuntime runtime) {
        this.handles = handles;
        this.pidfd = pidfd;
        this.directory = directory;
        socket = fileName(runtime.apiSocket());
        log = fileName(runtime.vmmLogPath());
        api = new FirecrackerApi(directory.resolve(socket));
    }

    private static String fileName(String path) {
        return String.valueOf(Path.of(path).getFileName());
    }

    /** Waits until the API's socket takes connections (P78, P79). @return false when the process ended or time ran out */
    boolean awaitSocket(Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (isAlive()
                && System.nanoTime() < deadline
                && !Thread.currentThread().isInterrupted()) {
            if (api.isThere()) {
                return true;
            }
            LockSupport.parkNanos(RETRY.toNanos());
        }
        return false;
    }

    Map<String, Object> ask(Request request) {
        return api.ask(request);
    }

    /** The name under which Firecracker opens a disk leads to {@code disk} from now on. */
    static void link(Path directory, Disk disk) {
        Path link = directory.resolve(FirecrackerMachine.link(disk.serial()));
        Path made = directory.resolve(FirecrackerMachine.link(disk.serial()) + ".new");
        // Relative in the VM's directory, which is moved when a VM that was prepared is taken.
        Path target = disk.file().startsWith(directory) ? directory.relativize(disk.file()) : disk.file();
        try {
            Files.deleteIfExists(made);
            Files.createSymbolicLink(made, target);
            Files.move(made, link, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw DiskFailure.of("cannot name the disk " + disk.serial(), link, e);
        }
    }

    @Override
    public VmHandles handles() {
        return handles;
    }

    @Override
    public OptionalInt vsockPort() {
        return FirecrackerMachine.AGENT_PORT;
    }

    @Override
    public boolean isAlive() {
        return ProcFs.isAlive(handles.pid(), handles.startTicks());
    }

    @Override
    public boolean awaitExit(Duration atMost) {
        return pidfd.awaitExit(atMost);
    }

    /** What it logs when it ends; a guest's restart is the only way it ends well. */
    @Override
    public String exitReason() {
        try {
            String said = Files.readString(directory.resolve(log));
            return said.contains("exit_code=0") ? "the guest shut down" : "";
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public void pause() {
        if (!isPaused()) {
            ask(FirecrackerMachine.pause());
        }
    }

    @Override
    public void resume() {
        if (isPaused()) {
            ask(FirecrackerMachine.resume());
        }
    }

    @Override
    public boolean isPaused() {
        return "Paused".equals(ask(FirecrackerMachine.state()).get("state"));
    }

    /** Firecracker writes every page, whether anything is in it or not. */
    @Override
    public void save(Path memory, Path state) {
        try {
            ask(FirecrackerMachine.save(memory, state));
            SparseFile.dig(memory);
        } catch (BangerException e) {
            if (String.valueOf(e.getMessage()).contains("os error 28")) {
                throw new BangerException(ErrorCode.RESOURCE_EXHAUSTED, String.valueOf(e.getMessage()), e);
            }
            throw e;
        } catch (IOException e) {
            throw DiskFailure.of("cannot save the machine to " + memory, memory, e);
        }
    }

    /** One after the other; where one cannot be opened those before it are opened as they were. */
    @Override
    public void switchDisks(List<Disk> overlays) {
        List<Disk> before = new ArrayList<>();
        try {
            for (Disk overlay : overlays) {
                before.addFirst(current(overlay));
                link(directory, overlay);
                ask(FirecrackerMachine.reopen(overlay.serial()));
            }
        } catch (BangerException e) {
            for (Disk disk : before) {
                link(directory, disk);
                ask(FirecrackerMachine.reopen(disk.serial()));
            }
            throw e;
        }
    }

    @Override
    public void growDisk(String serial, long bytes) {
        Path file = target(serial);
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            if (disk.length() > bytes) {
                throw BangerException.invalid(
                        "the disk " + serial + " has " + disk.length() + " bytes and cannot shrink to " + bytes);
            }
            disk.setLength(bytes);
        } catch (IOException e) {
            throw DiskFailure.of("cannot grow the disk " + file, file, e);
        }
        ask(FirecrackerMachine.reopen(serial));
    }

    private Disk current(Disk disk) {
        return new Disk(target(disk.serial()), disk.format(), disk.serial(), disk.readOnly());
    }

    private Path target(String serial) {
        Path link = directory.resolve(FirecrackerMachine.link(serial));
        try {
            return directory.resolve(Files.readSymbolicLink(link));
        } catch (IOException e) {
            throw DiskFailure.of("cannot tell which disk " + serial + " is", link, e);
        }
    }

    /** By the file that the process has open: the link may have been changed without it. */
    @Override
    public boolean writesTo(Disk overlay) {
        return ProcFs.hasOpen(handles.pid(), overlay.file());
    }

    /** The host reaches every port of a VM with a tap. */
    @Override
    public void publish(Attachment network) {
        handles = handles.withPorts(network.sshPort(), network.ports());
    }

    /** Whatever goes over its tap is counted there. */
    @Override
    public boolean hasConnections() {
        return false;
    }

    @Override
    public void movedTo(Path newDirectory) {
        directory = newDirectory;
        api.movedTo(newDirectory.resolve(socket));
    }

    /** Firecracker has no request for it. What the guest wrote is in the host's page cache, so nothing is lost by a kill. */
    @Override
    public void quit() {
        LOG.debug("Ending Firecracker {}", handles.pid());
        pidfd.kill();
    }

    @Override
    public void kill() {
        pidfd.kill();
    }

    @Override
    public void close() {
        pidfd.close();
    }
}
