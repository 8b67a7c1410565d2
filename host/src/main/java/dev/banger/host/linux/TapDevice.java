package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/**
 * The program's end of a tap device that is there: Ethernet frames, without a header of the driver's
 * (Documentation/networking/tuntap.rst). Looked up in the network namespace of the thread that opens it. A tap has one such end at
 * a time. Thread-safe but for {@link #close}, which ends no read under way; who opens it closes it.
 */
public final class TapDevice implements AutoCloseable {
    private static final long TUNSETIFF = 0x400454caL;
    private static final short IFF_TAP = 0x0002;
    private static final short IFF_NO_PI = 0x1000;
    private static final int IFREQ_BYTES = 40;
    private static final int NAME_BYTES = 16;
    private static final int LONGEST_FRAME = 65536;

    private final int fd;

    private TapDevice(int fd) {
        this.fd = fd;
    }

    /**
     * @throws BangerException PRECONDITION_FAILED where the host has no taps, PERMISSION_DENIED, IN_USE when another program has
     *     its end
     */
    public static TapDevice open(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length == 0 || bytes.length >= NAME_BYTES) {
            throw new IllegalArgumentException("no name for a link: " + name);
        }
        Libc.Result opened = Libc.open("/dev/net/tun", Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (opened.failed()) {
            throw failure(name, opened.errno());
        }
        // struct ifreq { char ifr_name[16]; short ifr_flags; ... }, netdevice(7)
        byte[] request = Arrays.copyOf(bytes, IFREQ_BYTES);
        short flags = IFF_TAP | IFF_NO_PI;
        request[NAME_BYTES] = (byte) flags;
        request[NAME_BYTES + 1] = (byte) (flags >> 8);
        Libc.Result set = Libc.ioctl((int) opened.value(), TUNSETIFF, request);
        if (set.failed()) {
            Libc.close((int) opened.value());
            throw failure(name, set.errno());
        }
        return new TapDevice((int) opened.value());
    }

    private static BangerException failure(String name, int errno) {
        ErrorCode code = errno == Libc.EPERM
                ? ErrorCode.PERMISSION_DENIED
                : errno == Libc.EBUSY ? ErrorCode.IN_USE : ErrorCode.PRECONDITION_FAILED;
        return new BangerException(
                code,
                "cannot open tap " + name + " through /dev/net/tun (errno " + errno + ")"
                        + (errno == Libc.ENOENT ? "; try: modprobe tun" : ""));
    }

    /** Sends a frame to the host; false when the tap is down. */
    public boolean send(byte[] frame) {
        return !Libc.write(fd, frame).failed();
    }

    /** The next frame from the host; empty if none comes in time. */
    public Optional<byte[]> receive(Duration atMost) {
        if (Libc.pollIn(fd, (int) atMost.toMillis()).value() <= 0) {
            return Optional.empty();
        }
        byte[] buffer = new byte[LONGEST_FRAME];
        Libc.Result read = Libc.read(fd, buffer);
        return read.failed() ? Optional.empty() : Optional.of(Arrays.copyOf(buffer, (int) read.value()));
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
