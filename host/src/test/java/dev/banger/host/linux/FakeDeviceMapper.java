package dev.banger.host.linux;

import dev.banger.host.linux.DeviceMapper.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * What the kernel does with requests for device-mapper, as linux/dm-ioctl.h lays them out. Loop devices that are there it keeps
 * open as the kernel does, from when a device is activated until it is removed.
 */
public final class FakeDeviceMapper implements DeviceMapper.Control {
    static final int EINVAL = 22;

    static final class Device {
        final String name;
        final String uuid;
        final int minor;
        String loaded = "";
        String table = "";
        int cookie;
        long sectors;
        boolean open;
        boolean removedWhenClosed;
        private final List<FileChannel> held = new ArrayList<>();

        Device(String name, String uuid, int minor) {
            this.name = name;
            this.uuid = uuid;
            this.minor = minor;
        }
    }

    final List<Device> devices = new ArrayList<>();
    final List<Command> requests = new ArrayList<>();
    /** How often a request of this kind fails, and how. */
    Command failing = Command.VERSION;

    int failures;
    int errno;
    /** After how many tries to remove it an open device is closed. */
    int closesAfter = Integer.MAX_VALUE;

    private int nextMinor = 300; // beyond eight bits

    void fail(Command command, int times, int with) {
        failing = command;
        failures = times;
        errno = with;
    }

    Device foreign(String name, String uuid) {
        Device device = new Device(name, uuid, nextMinor++);
        devices.add(device);
        return device;
    }

    /** A device whose table was never loaded. */
    public void half(String name, String uuid) {
        foreign(name, uuid);
    }

    /** A device mapper on it. */
    public DeviceMapper mapper() {
        return new DeviceMapper(this, Duration.ofMillis(300));
    }

    public List<String> uuids() {
        return devices.stream().map(each -> each.uuid).toList();
    }

    @Override
    public int request(Command command, byte[] structure) {
        requests.add(command);
        if (command == failing && failures > 0) {
            failures--;
            return errno;
        }
        ByteBuffer request = ByteBuffer.wrap(structure).order(ByteOrder.nativeOrder());
        if (request.getInt(0) != 4 || request.getInt(12) != structure.length || structure.length < 305) {
            return EINVAL;
        }
        String name = text(request, 48);
        String uuid = text(request, 176);
        return switch (command) {
            case VERSION -> 0;
            case DEV_CREATE -> create(request, name, uuid);
            case LIST_DEVICES -> list(request);
            case DEV_REMOVE, DEV_SUSPEND, DEV_STATUS, TABLE_LOAD, TABLE_STATUS -> {
                // The kernel finds nothing when a request has both.
                Predicate<Device> wanted = uuid.isEmpty()
                        ? each -> each.name.equals(name)
                        : each -> name.isEmpty() && each.uuid.equals(uuid);
                Device found = devices.stream().filter(wanted).findFirst().orElse(null);
                yield found == null ? Libc.ENXIO : on(found, command, request);
            }
        };
    }

    private int create(ByteBuffer request, String name, String uuid) {
        if (devices.stream().anyMatch(each -> each.name.equals(name) || each.uuid.equals(uuid))) {
            return Libc.EBUSY;
        }
        Device device = new Device(name, uuid, nextMinor++);
        devices.add(device);
        describe(request, device);
        return 0;
    }

    private int on(Device device, Command command, ByteBuffer request) {
        return switch (command) {
            case TABLE_LOAD -> {
                device.loaded = text(request, 312 + 24) + " " + text(request, 312 + 40);
                device.sectors = request.getLong(312 + 8);
                int next = request.getInt(312 + 20);
                yield request.getInt(20) == 1 && next % 8 == 0 && 312 + next <= request.capacity() ? 0 : EINVAL;
            }
            case DEV_SUSPEND -> {
                device.table = device.loaded;
                device.cookie = request.getInt(32);
                hold(device);
                yield device.table.isEmpty() ? EINVAL : 0;
            }
            case TABLE_STATUS -> {
                describe(request, device);
                if (!device.table.isEmpty()) {
                    int space = device.table.indexOf(' ');
                    request.putInt(20, 1);
                    put(request, 312 + 24, device.table.substring(0, space));
                    put(request, 312 + 40, device.table.substring(space + 1).replace("/dev/loop", "7:"));
                }
                yield 0;
            }
            case DEV_STATUS -> {
                describe(request, device);
                yield 0;
            }
            case DEV_REMOVE -> remove(device, (request.getInt(28) & 1 << 17) != 0);
            case VERSION, LIST_DEVICES, DEV_CREATE -> throw new IllegalStateException(command + " names no device");
        };
    }

    private int remove(Device device, boolean deferred) {
        if (device.open && closesAfter > 0) {
            closesAfter--;
            device.removedWhenClosed = deferred;
            return deferred ? 0 : Libc.EBUSY;
        }
        devices.remove(device);
        for (FileChannel each : device.held) {
            try {
                each.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return 0;
    }

    private static void hold(Device device) {
        for (String word : device.table.split(" ")) {
            Path path = Path.of(word);
            if (word.startsWith("/dev/loop") && Files.exists(path)) {
                try {
                    device.held.add(FileChannel.open(path, StandardOpenOption.READ));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private int list(ByteBuffer request) {
        request.putInt(16, 312);
        int at = 312;
        for (int i = 0; i < devices.size(); i++) {
            Device device = devices.get(i);
            int next = (12 + device.name.length() + 1 + 7) / 8 * 8;
            if (at + next > request.capacity()) {
                request.putInt(28, 1 << 8);
                return 0;
            }
            request.putLong(at, dev(device));
            request.putInt(at + 8, i + 1 < devices.size() ? next : 0);
            put(request, at + 12, device.name);
            at += next;
        }
        return 0;
    }

    private static void describe(ByteBuffer request, Device device) {
        request.putLong(40, dev(device));
        put(request, 48, device.name);
        put(request, 176, device.uuid);
    }

    private static long dev(Device device) {
        return device.minor & 0xff | 252L << 8 | (long) (device.minor & ~0xff) << 12;
    }

    private static void put(ByteBuffer request, int at, String text) {
        request.put(at, (text + '\0').getBytes(StandardCharsets.US_ASCII));
    }

    private static String text(ByteBuffer from, int at) {
        int end = at;
        while (from.get(end) != 0) {
            end++;
        }
        return new String(from.array(), at, end - at, StandardCharsets.US_ASCII);
    }
}
