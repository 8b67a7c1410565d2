package dev.banger.host.linux;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Requests to the kernel about links and routes, netlink(7) and rtnetlink(7), or about nftables, within the network namespace of
 * the thread that opened it. Thread-safe: one request at a time.
 */
public final class Netlink implements AutoCloseable {
    /** Bytes of a message's header: length, type, flags, sequence number, port. */
    private static final int HEADER_BYTES = 16;

    private static final int ATTRIBUTE_HEADER_BYTES = 4;
    private static final int NLA_TYPE_MASK = 0x3fff;
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int SOCK_CLOEXEC = 02000000;
    private static final int NETLINK_ROUTE = 0;
    private static final int NETLINK_NETFILTER = 12;

    private static final int NLM_F_REQUEST = 0x1;
    private static final int NLM_F_ACK = 0x4;
    private static final int NLM_F_DUMP_INTR = 0x10;
    private static final int NLM_F_DUMP = 0x300;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;

    private static final int EPERM = 1;
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    /** More than the kernel puts into one answer, which is 32 KiB or what one entry takes. */
    private static final int BUFFER_BYTES = 1 << 17;
    /** Listings that changed while they were read are read again; on a host that never stops changing, the last one has to do. */
    private static final int LISTINGS = 5;

    private final int fd;
    private final ReentrantLock lock = new ReentrantLock();
    private int sequence; // guarded by lock

    private Netlink(int fd) {
        this.fd = fd;
    }

    /** What the kernel refused, with its errno. */
    public static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int errno;

        Refused(int errno) {
            super("errno " + errno);
            this.errno = errno;
        }

        public int errno() {
            return errno;
        }

        public boolean isDenied() {
            return errno == EPERM;
        }
    }

    /** About links and routes. @throws BangerException PRECONDITION_FAILED when there is no such socket to be had */
    public static Netlink open() {
        return open(NETLINK_ROUTE);
    }

    /** About nftables. @throws BangerException PRECONDITION_FAILED when there is no such socket to be had */
    public static Netlink openNetfilter() {
        return open(NETLINK_NETFILTER);
    }

    private static Netlink open(int protocol) {
        Libc.Result opened = Libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
        if (opened.failed()) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "cannot ask the kernel about its network (netlink socket, errno " + opened.errno() + ")");
        }
        return new Netlink((int) opened.value());
    }

    /**
     * All that the kernel has of a kind.
     *
     * @param type of the request, such as RTM_GETLINK
     * @param body fixed part of the request
     * @return the messages without their headers, in the host's byte order
     * @throws BangerException HOST_COMMAND_FAILED
     */
    public List<ByteBuffer> list(int type, byte[] body) {
        lock.lock();
        try {
            for (int left = LISTINGS; ; left--) {
                Answer answer = ask(type, NLM_F_DUMP, body);
                if (!answer.interrupted || left == 1) {
                    return answer.messages;
                }
            }
        } catch (Refused e) {
            throw failure(e);
        } finally {
            lock.unlock();
        }
    }

    /** Asks for one thing, or for a change, and waits until it is answered or made. @throws Refused */
    public List<ByteBuffer> request(int type, byte[] body) {
        lock.lock();
        try {
            return ask(type, NLM_F_ACK, body).messages;
        } finally {
            lock.unlock();
        }
    }

    /** What to tell the user of a refusal. */
    public static BangerException failure(Refused refused) {
        return new BangerException(
                refused.isDenied() ? ErrorCode.PERMISSION_DENIED : ErrorCode.HOST_COMMAND_FAILED,
                "the kernel refused what was asked about a link (" + refused.getMessage() + ")"
                        + (refused.isDenied()
                                ? "\na bridged network needs root; run banger's daemon as root, or use user mode"
                                : ""),
                refused);
    }

    private static final class Answer {
        final List<ByteBuffer> messages = new ArrayList<>();
        boolean complete;
        boolean interrupted;
    }

    private Answer ask(int type, int flags, byte[] body) {
        send(type, flags, body);
        Answer answer = new Answer();
        while (!answer.complete) {
            receive(answer);
        }
        return answer;
    }

    private void send(int type, int flags, byte[] body) {
        ByteBuffer message = ByteBuffer.allocate(HEADER_BYTES + body.length).order(ByteOrder.nativeOrder());
        message.putInt(HEADER_BYTES + body.length);
        message.putShort((short) type);
        message.putShort((short) (NLM_F_REQUEST | flags));
        message.putInt(++sequence);
        message.putInt(0);
        message.put(body);
        Libc.Result sent = Libc.write(fd, message.array());
        if (sent.failed()) {
            throw new Refused(sent.errno());
        }
    }

    /** Takes one datagram, which holds some messages. What answers an earlier request, one that was given up, is passed over. */
    private void receive(Answer answer) {
        byte[] bytes = new byte[BUFFER_BYTES];
        Libc.Result ready = Libc.pollIn(fd, (int) TIMEOUT.toMillis());
        if (ready.failed() && ready.errno() == Libc.EINTR) {
            return;
        }
        if (ready.value() == 0) {
            throw new BangerException(ErrorCode.TIMED_OUT, "the kernel does not answer about its links");
        }
        Libc.Result read = Libc.read(fd, bytes);
        if (read.failed()) {
            if (read.errno() == Libc.EINTR) {
                return;
            }
            throw new Refused(read.errno());
        }
        ByteBuffer datagram = ByteBuffer.wrap(bytes, 0, (int) read.value()).order(ByteOrder.nativeOrder());
        while (datagram.remaining() >= HEADER_BYTES) {
            int start = datagram.position();
            int length = datagram.getInt();
            int type = datagram.getShort() & 0xffff;
            int flags = datagram.getShort() & 0xffff;
            boolean ours = datagram.getInt() == sequence;
            datagram.getInt();
            if (length < HEADER_BYTES || length > datagram.limit() - start) {
                throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "the kernel's answer cannot be read");
            }
            ByteBuffer payload =
                    datagram.slice(datagram.position(), length - HEADER_BYTES).order(ByteOrder.nativeOrder());
            datagram.position(Math.min(datagram.limit(), start + aligned(length)));
            if (!ours) {
                continue;
            }
            answer.interrupted |= (flags & NLM_F_DUMP_INTR) != 0;
            if (type == NLMSG_ERROR || type == NLMSG_DONE) {
                int status = payload.remaining() >= Integer.BYTES ? payload.getInt() : 0;
                if (status < 0) {
                    throw new Refused(-status);
                }
                answer.complete = true;
            } else {
                answer.messages.add(payload);
            }
        }
    }

    /**
     * The attributes that follow the fixed part of a message, by their type; of several of a type the last.
     *
     * @param fixedBytes of the message, before the first attribute
     */
    public static Map<Integer, ByteBuffer> attributes(ByteBuffer message, int fixedBytes) {
        Map<Integer, ByteBuffer> attributes = new HashMap<>();
        int at = fixedBytes;
        while (message.limit() - at >= ATTRIBUTE_HEADER_BYTES) {
            int length = message.getShort(at) & 0xffff;
            if (length < ATTRIBUTE_HEADER_BYTES || length > message.limit() - at) {
                break;
            }
            attributes.put(
                    message.getShort(at + Short.BYTES) & NLA_TYPE_MASK,
                    message.slice(at + ATTRIBUTE_HEADER_BYTES, length - ATTRIBUTE_HEADER_BYTES)
                            .order(ByteOrder.nativeOrder()));
            at += aligned(length);
        }
        return attributes;
    }

    private static int aligned(int length) {
        return (length + 3) & ~3;
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
