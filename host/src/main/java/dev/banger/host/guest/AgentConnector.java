package dev.banger.host.guest;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.frame.Field;
import dev.banger.frame.Fields;
import dev.banger.frame.Frame;
import dev.banger.frame.FrameReader;
import dev.banger.frame.FrameType;
import dev.banger.frame.FrameWriter;
import dev.banger.frame.ProtocolException;
import dev.banger.host.linux.SocketPath;
import dev.banger.vm.GuestChannel;
import dev.banger.vm.GuestConnector;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Connects to {@code banger-agent} through the Unix socket that QEMU shows for its virtio-serial port, or that Firecracker shows for its
 * vsock (Firecracker: docs/vsock.md). Thread-safe.
 */
public final class AgentConnector implements GuestConnector {
    /** Enough zeros to complete any half frame a predecessor left in the port. */
    private static final int PADDING = Frame.HEADER + Frame.MAX_PAYLOAD;
    /** A window of each of many channels may still be on its way to us. */
    private static final int SKIP_AT_MOST = 64 * 1024 * 1024;

    private static final int NONCE = 16;
    /** {@code OK} and a port. */
    private static final int LONGEST_ANSWER = 32;

    private static final Duration RETRY = Duration.ofMillis(3);
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final Duration ATTEMPT = Duration.ofSeconds(1);

    private final String build;
    private final int patience;
    private final SecureRandom random = new SecureRandom();

    /**
     * {@code build} is the daemon's, told to the agent; {@code patience} how many times longer than on other hosts a guest may take
     * for whatever it is asked.
     */
    public AgentConnector(String build, int patience) {
        this.build = build;
        this.patience = patience;
    }

    @Override
    public GuestChannel connect(
            Path socket, OptionalInt vsockPort, boolean fresh, Duration atMost, BooleanSupplier vmAlive) {
        long deadline = System.nanoTime() + atMost.multipliedBy(patience).toNanos();
        while (true) {
            try {
                return greet(
                        open(socket, vsockPort, deadline, vmAlive), fresh || vsockPort.isPresent(), deadline, vmAlive);
            } catch (BangerException e) {
                // In a guest that was restored the vsock's driver ends connections when it learns of that, ours among
                // them.
                boolean lost = e.code() == ErrorCode.GUEST_UNAVAILABLE && e.getCause() instanceof IOException;
                if (vsockPort.isEmpty() || !lost) {
                    throw e;
                }
                check(deadline, vmAlive);
                LockSupport.parkNanos(RETRY.toNanos());
            }
        }
    }

    /** {@code fresh}: nobody has used this channel before, or it is a connection of its own, which begins at its beginning. */
    private GuestChannel greet(SocketChannel channel, boolean fresh, long deadline, BooleanSupplier vmAlive) {
        FrameWriter writer = new FrameWriter(channel);
        try {
            byte[] nonce = new byte[NONCE];
            random.nextBytes(nonce);
            FrameReader reader = new FrameReader(channel);
            Frame hello = awaitHello(channel, reader, nonce, deadline, vmAlive, () -> {
                if (!fresh) {
                    writer.padding(PADDING);
                }
                writer.write(Frame.of(
                        FrameType.HELLO,
                        0,
                        Fields.builder()
                                .u32(Field.VERSION, Frame.PROTOCOL_VERSION)
                                .string(Field.BUILD, build)
                                .bytes(Field.NONCE, nonce)));
            });
            Fields fields = hello.fields();
            long version = fields.number(Field.VERSION, 0);
            if (version != Frame.PROTOCOL_VERSION) {
                throw new BangerException(
                        ErrorCode.GUEST_UNAVAILABLE,
                        "the guest's agent speaks protocol " + version + ", this daemon " + Frame.PROTOCOL_VERSION
                                + "; restart the VM to give it the agent of this build");
            }
            return new AgentChannel(
                    channel, reader, writer, fields.string(Field.STATE).orElse("waiting"), patience);
        } catch (RuntimeException e) {
            closeQuietly(channel);
            writer.close();
            throw e;
        }
    }

    private static SocketChannel open(Path socket, OptionalInt vsockPort, long deadline, BooleanSupplier vmAlive) {
        while (true) {
            try {
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                try (SocketPath path = SocketPath.of(socket)) {
                    channel.connect(path.address());
                    if (vsockPort.isPresent()) {
                        connectInside(channel, vsockPort.getAsInt(), deadline, vmAlive);
                    }
                    return channel;
                } catch (IOException | RuntimeException e) {
                    channel.close();
                    throw e;
                }
            } catch (IOException e) {
                check(deadline, vmAlive);
                LockSupport.parkNanos(RETRY.toNanos());
            }
        }
    }

    /**
     * Asks Firecracker to go on to a port of the guest. While nobody listens there it closes the connection; where the guest has no driver
     * yet it may take some seconds to, or forget what it was asked.
     */
    private static void connectInside(SocketChannel channel, int port, long deadline, BooleanSupplier vmAlive)
            throws IOException {
        ByteBuffer out = ByteBuffer.wrap(("CONNECT " + port + "\n").getBytes(StandardCharsets.US_ASCII));
        while (out.hasRemaining()) {
            channel.write(out);
        }
        long patience = System.nanoTime() + ATTEMPT.toNanos();
        StringBuilder line = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1); // what follows the line is the agent's
        channel.configureBlocking(false);
        try (Selector selector = Selector.open()) {
            channel.register(selector, SelectionKey.OP_READ);
            while (line.indexOf("\n") < 0) {
                int got = channel.read(one.clear());
                if (got < 0 || line.length() > LONGEST_ANSWER || System.nanoTime() > patience) {
                    throw new EOFException("nobody listens in the guest");
                }
                if (got > 0) {
                    line.append((char) one.get(0));
                } else {
                    selector.select(LOOK.toMillis());
                    selector.selectedKeys().clear();
                    check(deadline, vmAlive);
                }
            }
        }
        channel.configureBlocking(true);
        if (!line.toString().startsWith("OK ")) {
            throw new BangerException(
                    ErrorCode.VMM_FAILED,
                    "the VMM does not connect to the guest: " + line.toString().strip());
        }
    }

    /** Sends and waits on threads of their own: a guest that does not read must not hold us beyond the deadline. */
    private static Frame awaitHello(
            SocketChannel channel,
            FrameReader reader,
            byte[] nonce,
            long deadline,
            BooleanSupplier vmAlive,
            Send send) {
        BlockingQueue<Object> outcome = new ArrayBlockingQueue<>(2);
        Thread.ofPlatform().daemon().name("agent-hello-send").start(() -> {
            try {
                send.run();
            } catch (IOException | RuntimeException e) {
                outcome.offer(e);
            }
        });
        Thread.ofPlatform().daemon().name("agent-hello").start(() -> {
            try {
                outcome.offer(reader.helloWith(nonce, SKIP_AT_MOST));
            } catch (IOException | RuntimeException e) {
                outcome.offer(e);
            }
        });
        try {
            Object result = poll(outcome, deadline, vmAlive);
            if (result instanceof Frame frame) {
                return frame;
            }
            Throwable cause = result instanceof Throwable failure ? failure : null;
            if (cause instanceof ProtocolException) {
                throw new BangerException(
                        ErrorCode.GUEST_UNAVAILABLE,
                        "what answers in the guest is no agent: " + cause.getMessage(),
                        cause);
            }
            throw new BangerException(ErrorCode.GUEST_UNAVAILABLE, "the VM ended before its guest answered", cause);
        } catch (BangerException e) {
            closeQuietly(channel);
            throw e;
        }
    }

    private static @Nullable Object poll(BlockingQueue<Object> outcome, long deadline, BooleanSupplier vmAlive) {
        try {
            while (true) {
                Object result = outcome.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                if (result != null) {
                    return result;
                }
                check(deadline, vmAlive);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for the guest", e);
        }
    }

    private static void check(long deadline, BooleanSupplier vmAlive) {
        if (Thread.currentThread().isInterrupted()) {
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for the guest");
        }
        if (!vmAlive.getAsBoolean()) {
            throw new BangerException(ErrorCode.GUEST_UNAVAILABLE, "the VM ended before its guest answered");
        }
        if (System.nanoTime() > deadline) {
            throw new BangerException(ErrorCode.TIMED_OUT, "its guest does not answer");
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            return; // nothing is left to be done with it
        }
    }

    @FunctionalInterface
    private interface Send {
        void run() throws IOException;
    }
}
