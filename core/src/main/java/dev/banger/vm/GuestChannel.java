package dev.banger.vm;

import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.GuestConnection;
import dev.banger.api.StageTiming;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;

/** The connection to a guest's agent. Thread-safe; many sessions share it. Closing it ends them. */
public interface GuestChannel extends AutoCloseable {
    boolean isOpen();

    /** Whether a command, a copy or a connection is under way through it. */
    boolean isBusy();

    /** Gives the guest its identity. @return how long the guest took for each part of its boot */
    List<StageTiming> identify(Identity identity, Duration atMost);

    /** Sets the guest's clock, which stood still while it was paused, and stirs its random pool; nothing else. */
    void setClock(Duration atMost);

    /** Grows the file system of the work disk, which is mounted there, once the guest sees that the disk has that many bytes. */
    void growWorkDisk(String mountPoint, long bytes, Duration atMost);

    /** Whether the guest had an identity when this channel was opened, or has one since. */
    boolean identified();

    /** Waits until the image's init has finished starting. @return whether it did in time */
    boolean awaitSettled(Duration atMost);

    ExecSession exec(ExecRequest request);

    GuestConnection connect(int port);

    void download(String path, OutputStream tar);

    void upload(String directory, InputStream tar);

    GuestStats stats(Duration atMost);

    void sync(Duration atMost);

    /** Asks the guest to go down; {@code force} skips its init but not its disks. Returns when the agent took note. */
    void powerOff(boolean force, Duration atMost);

    @Override
    void close();

    /** The guest's own numbers, in bytes and milliseconds. */
    record GuestStats(
            long uptimeMillis,
            double load1,
            long memoryTotal,
            long memoryAvailable,
            long rootTotal,
            long rootAvailable,
            long workTotal,
            long workAvailable,
            long processes,
            long cpuMillis) {}
}
