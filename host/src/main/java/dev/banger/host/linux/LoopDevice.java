package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A file as a block device (loop(4)). It clears itself: when this object is closed and nobody else has the device open either - a
 * device-mapper device on top of it, for one - the kernel lets go of the file. So a process that is killed leaves none behind.
 * Whoever attached it closes it.
 */
public final class LoopDevice implements AutoCloseable {
    private static final String CONTROL = "/dev/loop-control";
    private static final long LOOP_CTL_GET_FREE = 0x4c82L;
    /** Binds file, size and flags in one step (Linux 5.8): no moment at which a device is there that does not clear itself. */
    private static final long LOOP_CONFIGURE = 0x4c0aL;

    private static final long LOOP_CLR_FD = 0x4c01L;
    private static final long LOOP_GET_STATUS64 = 0x4c05L;
    /** _IOR(0x12, 114, size_t) */
    private static final long BLKGETSIZE64 = 0x80081272L;

    // struct loop_config { __u32 fd; __u32 block_size; struct loop_info64 info; __u64 reserved[8]; } of linux/loop.h
    private static final int CONFIG_BYTES = 304;
    private static final int INFO = 8;
    private static final int INFO_BYTES = 232;
    private static final int FLAGS = 52;
    private static final int FILE_NAME = 56;
    private static final int FILE_NAME_BYTES = 64;
    private static final int LO_FLAGS_READ_ONLY = 1;
    private static final int LO_FLAGS_AUTOCLEAR = 4;
    /** Of so many free devices others may be quicker to take each. */
    private static final int ATTEMPTS = 64;

    private static final String DELETED = " (deleted)";
    private static final Path SYSFS = Path.of("/sys/block");

    private final String device;
    private final int fd;

    private LoopDevice(String device, int fd) {
        this.device = device;
        this.fd = fd;
    }

    /** What stands in the way of attaching one; empty: nothing. */
    public static String obstacle() {
        Libc.Result opened = Libc.open(CONTROL, Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            return cannotOpen(opened.errno());
        }
        Libc.close((int) opened.value());
        return "";
    }

    private static String cannotOpen(int errno) {
        return "cannot open " + CONTROL
                + (errno == Libc.EACCES || errno == Libc.EPERM
                        ? ": it is root's"
                        : " (errno " + errno + "); try: modprobe loop");
    }

    /**
     * @throws BangerException PRECONDITION_FAILED where the host has no loop devices, NOT_FOUND without the file,
     *     HOST_COMMAND_FAILED
     */
    public static LoopDevice attach(Path file, boolean readOnly) {
        int mode = readOnly ? Libc.O_RDONLY : Libc.O_RDWR;
        Libc.Result backing = Libc.open(file.toString(), mode | Libc.O_CLOEXEC, 0);
        if (backing.failed()) {
            throw new BangerException(
                    backing.errno() == Libc.ENOENT ? ErrorCode.NOT_FOUND : ErrorCode.HOST_COMMAND_FAILED,
                    "cannot open " + file + " for a loop device (errno " + backing.errno() + ")");
        }
        try {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                String device = "/dev/loop" + free();
                Libc.Result opened = Libc.open(device, mode | Libc.O_CLOEXEC, 0);
                if (opened.failed()) {
                    throw failed("open " + device, opened.errno());
                }
                int fd = (int) opened.value();
                Libc.Result bound = Libc.ioctl(fd, LOOP_CONFIGURE, config((int) backing.value(), file, readOnly));
                if (!bound.failed()) {
                    return new LoopDevice(device, fd);
                }
                Libc.close(fd);
                if (bound.errno() != Libc.EBUSY) {
                    throw failed("put " + file + " behind " + device, bound.errno());
                }
            }
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED,
                    "cannot get a loop device for " + file + ": others took each of " + ATTEMPTS + " free ones first");
        } finally {
            Libc.close((int) backing.value());
        }
    }

    private static long free() {
        Libc.Result control = Libc.open(CONTROL, Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (control.failed()) {
            throw new BangerException(ErrorCode.PRECONDITION_FAILED, cannotOpen(control.errno()));
        }
        try {
            Libc.Result free = Libc.ioctl((int) control.value(), LOOP_CTL_GET_FREE, 0);
            if (free.failed()) {
                throw failed("get a free loop device", free.errno());
            }
            return free.value();
        } finally {
            Libc.close((int) control.value());
        }
    }

    private static byte[] config(int backing, Path file, boolean readOnly) {
        ByteBuffer config = ByteBuffer.allocate(CONFIG_BYTES).order(ByteOrder.nativeOrder());
        config.putInt(0, backing);
        config.putInt(INFO + FLAGS, LO_FLAGS_AUTOCLEAR | (readOnly ? LO_FLAGS_READ_ONLY : 0));
        byte[] name = file.toString().getBytes(StandardCharsets.UTF_8);
        config.put(INFO + FILE_NAME, name, 0, Math.min(name.length, FILE_NAME_BYTES - 1)); // for people who look
        return config.array();
    }

    private static BangerException failed(String what, int errno) {
        return new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot " + what + " (errno " + errno + ")");
    }

    /** Such as {@code /dev/loop3}. */
    public String device() {
        return device;
    }

    /** The size of the device. */
    public long bytes() {
        byte[] size = new byte[8];
        Libc.Result result = Libc.ioctl(fd, BLKGETSIZE64, size);
        if (result.failed()) {
            throw failed("ask for the size of " + device, result.errno());
        }
        return ByteBuffer.wrap(size).order(ByteOrder.nativeOrder()).getLong();
    }

    /**
     * A device that has a file behind it.
     *
     * @param file as the kernel shows it now: it follows a rename
     * @param deleted whether the file has no name any more
     */
    public record Attached(String device, Path file, boolean deleted) {}

    /** All there are. */
    public static List<Attached> all() {
        List<Attached> all = new ArrayList<>();
        try (DirectoryStream<Path> devices = Files.newDirectoryStream(SYSFS, "loop*")) {
            for (Path each : devices) {
                String file = backing(each);
                if (!file.isEmpty()) {
                    boolean deleted = file.endsWith(DELETED);
                    all.add(new Attached(
                            "/dev/" + each.getFileName(),
                            Path.of(deleted ? file.substring(0, file.length() - DELETED.length()) : file),
                            deleted));
                }
            }
        } catch (NoSuchFileException e) {
            return List.of(); // no block devices at all
        } catch (IOException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot list loop devices: " + e, e);
        }
        return List.copyOf(all);
    }

    private static String backing(Path device) throws IOException {
        try {
            return Files.readString(device.resolve("loop/backing_file")).stripTrailing();
        } catch (NoSuchFileException e) {
            return ""; // free, or cleared just now
        } catch (IOException e) {
            if (Files.notExists(device.resolve("loop/backing_file"))) {
                return "";
            }
            throw e;
        }
    }

    /**
     * Takes the file from a device that one of ours left; if somebody has it open, as soon as that ends. A device that has another
     * file by now is left alone.
     */
    public static void detach(Attached attached) {
        Libc.Result opened = Libc.open(attached.device(), Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            if (opened.errno() == Libc.ENOENT || opened.errno() == Libc.ENXIO) {
                return; // gone with its device
            }
            throw failed("open " + attached.device(), opened.errno());
        }
        int fd = (int) opened.value();
        try {
            // While it is open its file does not change unless somebody detaches it on purpose.
            Libc.Result status = Libc.ioctl(fd, LOOP_GET_STATUS64, new byte[INFO_BYTES]);
            if (status.failed() || !all().contains(attached)) {
                return;
            }
            Libc.Result cleared = Libc.ioctl(fd, LOOP_CLR_FD, 0);
            if (cleared.failed() && cleared.errno() != Libc.ENXIO) {
                throw failed("detach " + attached.device(), cleared.errno());
            }
        } finally {
            Libc.close(fd);
        }
    }

    @Override
    public void close() {
        Libc.close(fd);
    }

    @Override
    public String toString() {
        return device;
    }
}
