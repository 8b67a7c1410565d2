package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Device-mapper devices with a {@code snapshot} target: a base that is only read, and what was written instead
 * (Documentation/admin-guide/device-mapper/snapshot.rst). They are made and removed by requests to the kernel (linux/dm-ioctl.h), so
 * no program and no udev has to be there. Every device has a uuid, which marks it as ours; it is found and removed by that
 * alone, whatever its name. Thread-safe.
 */
public final class DeviceMapper {
    private static final int SECTOR = 512;
    private static final String TARGET = "snapshot";
    /** 4 KiB: a guest's file system writes its blocks, and each first write to a chunk reads what is missing of it. */
    private static final int CHUNK_SECTORS = 8;

    // struct dm_ioctl { __u32 version[3], data_size, data_start, target_count; __s32 open_count; __u32 flags, event_nr,
    // padding;
    //     __u64 dev; char name[128], uuid[129], data[7]; }
    private static final int HEADER_BYTES = 312;
    private static final int DATA_SIZE = 12;
    private static final int DATA_START = 16;
    private static final int TARGET_COUNT = 20;
    private static final int FLAGS = 28;
    private static final int EVENT_NR = 32;
    private static final int DEV = 40;
    private static final int NAME = 48;
    private static final int NAME_BYTES = 128;
    private static final int UUID = 176;
    private static final int UUID_BYTES = 129;
    // struct dm_target_spec { __u64 sector_start, length; __s32 status; __u32 next; char target_type[16]; }, then its
    // parameters
    private static final int SPEC_BYTES = 40;
    private static final int SPEC_TYPE = 24;
    private static final int SPEC_TYPE_BYTES = 16;
    private static final int ANSWER_BYTES = 16 * 1024;

    private static final int DM_STATUS_TABLE_FLAG = 1 << 4;
    private static final int DM_BUFFER_FULL_FLAG = 1 << 8;
    private static final int DM_DEFERRED_REMOVE = 1 << 17;

    /**
     * What udev's rules for device-mapper are told by the upper half of a cookie (libdevmapper.h): no rules of subsystems, disks or others.
     * Else a program of root's would parse the file systems that guests write.
     */
    private static final int UDEV_LOOKS_AWAY = (0x02 | 0x04 | 0x08 | 0x40) << 16;

    private static final Duration RETRY = Duration.ofMillis(50);

    /** The kernel's end: a request of linux/dm-ioctl.h goes in, and comes back in the same bytes. */
    interface Control {
        /** @return errno; 0: it succeeded */
        int request(Command command, byte[] structure);
    }

    enum Command {
        VERSION(0),
        LIST_DEVICES(2),
        DEV_CREATE(3),
        DEV_REMOVE(4),
        DEV_SUSPEND(6),
        DEV_STATUS(7),
        TABLE_LOAD(9),
        TABLE_STATUS(12);

        private final int number;

        Command(int number) {
            this.number = number;
        }

        /** _IOWR(0xfd, number, struct dm_ioctl) */
        long request() {
            return 3L << 30 | (long) HEADER_BYTES << 16 | 0xfdL << 8 | number;
        }
    }

    /**
     * A device with a snapshot target.
     *
     * @param device such as {@code /dev/dm-3}
     * @param base the device that is only read, such as {@code /dev/loop0}
     * @param cow the device with what was written
     */
    public record Snapshot(String name, String uuid, String device, String base, String cow) {}

    private final Control control;
    private final Duration busy;

    /** The kernel's. */
    public DeviceMapper() {
        this(new KernelControl(), Duration.ofSeconds(10));
    }

    /** {@code busy}: how long a device that somebody has open is waited for when it is removed. */
    DeviceMapper(Control control, Duration busy) {
        this.control = control;
        this.busy = busy;
    }

    /** What stands in the way of using it; empty: nothing. */
    public String obstacle() {
        int errno = control.request(Command.VERSION, request("", "", 0).array());
        return switch (errno) {
            case 0 -> "";
            case Libc.EACCES, Libc.EPERM -> "device-mapper is root's";
            default -> "this kernel has no device-mapper (errno " + errno + "); try: modprobe dm-snapshot";
        };
    }

    /**
     * Makes a device and activates it; on failure nothing is left of it.
     *
     * @param sectors its size, which is the base's
     * @return it
     * @throws BangerException ALREADY_EXISTS when a device has that name or uuid
     */
    public Snapshot create(String name, String uuid, long sectors, String base, String cow) {
        ByteBuffer created = ask(Command.DEV_CREATE, request(name, uuid, 0), "make the device " + name);
        try {
            String parameters = base + " " + cow + " P " + CHUNK_SECTORS;
            ask(
                    Command.TABLE_LOAD,
                    table(uuid, sectors, parameters),
                    "load the table of " + name + ", as the kernel's log (dmesg) explains");
            ByteBuffer resume = request("", uuid, 0); // a suspend without its flag
            resume.putInt(EVENT_NR, UDEV_LOOKS_AWAY);
            ask(Command.DEV_SUSPEND, resume, "activate " + name);
            return new Snapshot(name, uuid, path(created), base, cow);
        } catch (RuntimeException e) {
            try {
                remove(uuid);
            } catch (BangerException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
    }

    private static ByteBuffer table(String uuid, long sectors, String parameters) {
        byte[] bytes = parameters.getBytes(StandardCharsets.US_ASCII);
        int length = SPEC_BYTES + (bytes.length + 1 + 7) / 8 * 8;
        ByteBuffer request = request("", uuid, length);
        request.putInt(TARGET_COUNT, 1);
        request.putLong(HEADER_BYTES, 0);
        request.putLong(HEADER_BYTES + 8, sectors);
        request.putInt(HEADER_BYTES + 20, length);
        request.put(HEADER_BYTES + SPEC_TYPE, TARGET.getBytes(StandardCharsets.US_ASCII));
        request.put(HEADER_BYTES + SPEC_BYTES, bytes);
        return request;
    }

    /** The device with that uuid; empty without one, or where the kernel has no device-mapper. */
    public Optional<Snapshot> find(String uuid) {
        ByteBuffer request = request("", uuid, ANSWER_BYTES);
        request.putInt(FLAGS, DM_STATUS_TABLE_FLAG);
        int errno = control.request(Command.TABLE_STATUS, request.array());
        if (errno == Libc.ENXIO || noDeviceMapper(errno)) {
            return Optional.empty();
        }
        if (errno != 0) {
            throw failed("look for the device-mapper device " + uuid, errno);
        }
        boolean one = request.getInt(TARGET_COUNT) == 1
                && text(request, HEADER_BYTES + SPEC_TYPE, SPEC_TYPE_BYTES).equals(TARGET);
        // "7:0 7:1 P 8"; a device whose table was never loaded has none
        String[] parameters = one
                ? text(request, HEADER_BYTES + SPEC_BYTES, ANSWER_BYTES - SPEC_BYTES)
                        .split(" ")
                : new String[0];
        return Optional.of(new Snapshot(
                text(request, NAME, NAME_BYTES),
                uuid,
                path(request),
                parameters.length < 2 ? "" : blockDevice(parameters[0]),
                parameters.length < 2 ? "" : blockDevice(parameters[1])));
    }

    /** Uuids of all devices that have one that begins so. */
    public List<String> uuids(String prefix) {
        ByteBuffer answer = request("", "", ANSWER_BYTES);
        for (int bytes = ANSWER_BYTES; ; bytes *= 4) {
            int errno = control.request(Command.LIST_DEVICES, answer.array());
            if (noDeviceMapper(errno)) {
                return List.of();
            }
            if (errno != 0) {
                throw failed("list device-mapper devices", errno);
            }
            if ((answer.getInt(FLAGS) & DM_BUFFER_FULL_FLAG) == 0) {
                break;
            }
            answer = request("", "", bytes * 4);
        }
        List<String> uuids = new ArrayList<>();
        // struct dm_name_list { __u64 dev; __u32 next; char name[]; }: next is 0 in the last, and dev is 0 where there
        // is none
        for (int at = answer.getInt(DATA_START); answer.getLong(at) != 0; ) {
            ByteBuffer status = request(text(answer, at + 12, NAME_BYTES), "", 0);
            if (control.request(Command.DEV_STATUS, status.array()) == 0) {
                String uuid = text(status, UUID, UUID_BYTES);
                if (uuid.startsWith(prefix)) {
                    uuids.add(uuid);
                }
            }
            int next = answer.getInt(at + 8);
            if (next == 0) {
                break;
            }
            at += next;
        }
        return List.copyOf(uuids);
    }

    /**
     * Removes the device with that uuid; without one nothing happens. One that somebody has open is tried again for a while (P4):
     * the VMM that has just been killed, or a program of udev that looks at it. After that the kernel is told to remove it as soon
     * as it is let go.
     *
     * @throws BangerException IN_USE when that is still to come
     */
    public void remove(String uuid) {
        long deadline = System.nanoTime() + busy.toNanos();
        while (true) {
            int errno = control.request(Command.DEV_REMOVE, request("", uuid, 0).array());
            if (errno == 0 || errno == Libc.ENXIO || noDeviceMapper(errno)) {
                return;
            }
            if (errno != Libc.EBUSY) {
                throw failed("remove the device-mapper device " + uuid, errno);
            }
            if (System.nanoTime() - deadline > 0) {
                break;
            }
            pause();
        }
        ByteBuffer later = request("", uuid, 0);
        later.putInt(FLAGS, DM_DEFERRED_REMOVE);
        int errno = control.request(Command.DEV_REMOVE, later.array());
        if (errno != 0 && errno != Libc.ENXIO) {
            throw failed("remove the device-mapper device " + uuid, errno);
        }
        if (find(uuid).isPresent()) {
            throw new BangerException(
                    ErrorCode.IN_USE,
                    "the device-mapper device " + uuid + " is still open after " + busy.toSeconds()
                            + " s; it goes when whoever has it open ends (fuser -v /dev/dm-* shows who)");
        }
    }

    private static void pause() {
        try {
            Thread.sleep(RETRY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while a device-mapper device was removed", e);
        }
    }

    /** Where it cannot be opened, nothing of ours is in it either. */
    private static boolean noDeviceMapper(int errno) {
        return errno == Libc.ENOENT || errno == Libc.ENODEV || errno == Libc.EACCES || errno == Libc.EPERM;
    }

    private ByteBuffer ask(Command command, ByteBuffer request, String what) {
        int errno = control.request(command, request.array());
        if (errno == Libc.EBUSY && command == Command.DEV_CREATE) {
            throw new BangerException(
                    ErrorCode.ALREADY_EXISTS,
                    "cannot " + what + ": there is a device-mapper device of its name or uuid");
        }
        if (errno != 0) {
            throw failed(what, errno);
        }
        return request;
    }

    private static BangerException failed(String what, int errno) {
        return new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot " + what + " (errno " + errno + ")");
    }

    /** Zeros with a header; {@code data}: how many bytes for more there are behind it. */
    private static ByteBuffer request(String name, String uuid, int data) {
        ByteBuffer request = ByteBuffer.allocate(HEADER_BYTES + data).order(ByteOrder.nativeOrder());
        request.putInt(0, 4).putInt(4, 0).putInt(8, 0); // the oldest interface that has all of this
        request.putInt(DATA_SIZE, HEADER_BYTES + data);
        request.putInt(DATA_START, HEADER_BYTES);
        request.put(NAME, checked(name, NAME_BYTES));
        request.put(UUID, checked(uuid, UUID_BYTES));
        return request;
    }

    private static byte[] checked(String text, int capacity) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length >= capacity) {
            throw new IllegalArgumentException("too long for device-mapper: " + text);
        }
        return bytes;
    }

    private static String text(ByteBuffer from, int at, int capacity) {
        int end = at;
        int limit = Math.min(at + capacity, from.capacity());
        while (end < limit && from.get(end) != 0) {
            end++;
        }
        return new String(from.array(), at, end - at, StandardCharsets.US_ASCII);
    }

    /** The node that devtmpfs has for it: /dev/mapper is udev's and may come later. */
    private static String path(ByteBuffer answer) {
        return "/dev/dm-" + minor(answer.getLong(DEV));
    }

    /** huge_encode_dev of linux/kdev_t.h, as far as the minor number goes */
    private static long minor(long dev) {
        return dev & 0xff | (dev >> 12) & 0xfff00;
    }

    /** {@code 7:3} as {@code /dev/loop3}. */
    private static String blockDevice(String majorMinor) {
        Path uevent = Path.of("/sys/dev/block", majorMinor);
        try {
            return "/dev/" + uevent.toRealPath().getFileName();
        } catch (IOException e) {
            return ""; // gone since
        }
    }

    /** The size in sectors of a device with so many bytes. */
    public static long sectors(long bytes) {
        return bytes / SECTOR;
    }

    private static final class KernelControl implements Control {
        private static final String DEVICE = "/dev/mapper/control";
        private static final Path LOADED = Path.of("/sys/class/misc/device-mapper");

        @Override
        public int request(Command command, byte[] structure) {
            // Opening it loads the module, which is not worth it to learn that there is nothing.
            if (command != Command.VERSION && command != Command.DEV_CREATE && Files.notExists(LOADED)) {
                return Libc.ENODEV;
            }
            Libc.Result opened = Libc.open(DEVICE, Libc.O_RDWR | Libc.O_CLOEXEC, 0);
            if (opened.failed()) {
                return opened.errno();
            }
            try {
                Libc.Result result = Libc.ioctl((int) opened.value(), command.request(), structure);
                return result.failed() ? result.errno() : 0;
            } finally {
                Libc.close((int) opened.value());
            }
        }
    }
}
