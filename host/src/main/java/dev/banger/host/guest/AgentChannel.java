package dev.banger.host.guest;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.api.ExecRequest;
import dev.banger.api.ExecSession;
import dev.banger.api.GuestConnection;
import dev.banger.api.StageTiming;
import dev.banger.api.TerminalSize;
import dev.banger.frame.Field;
import dev.banger.frame.Fields;
import dev.banger.frame.Frame;
import dev.banger.frame.FrameReader;
import dev.banger.frame.FrameType;
import dev.banger.frame.FrameWriter;
import dev.banger.frame.ProtocolException;
import dev.banger.vm.GuestChannel;
import dev.banger.vm.Identity;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The multiplexed connection to one guest's agent. A thread reads; whoever asks writes. Thread-safe. */
final class AgentChannel implements GuestChannel {
    private static final Logger LOG = LoggerFactory.getLogger(AgentChannel.class);
    private static final Duration START = Duration.ofSeconds(30);
    private static final int LAST_CHANNEL = 65535;
    private static final int ENTROPY = 64;

    private final SocketChannel socket;
    private final FrameReader reader;
    private final FrameWriter writer;
    private final ConcurrentHashMap<Integer, AgentStream> streams = new ConcurrentHashMap<>();
    private final CountDownLatch settled = new CountDownLatch(1);
    private final SecureRandom random = new SecureRandom();
    private final int patience;
    private final Duration start;
    private int lastChannel;
    private volatile boolean identified;
    private volatile boolean open = true;

    /** {@code patience}: see {@link AgentConnector#AgentConnector}. */
    AgentChannel(SocketChannel socket, FrameReader reader, FrameWriter writer, String state, int patience) {
        this.socket = socket;
        this.reader = reader;
        this.writer = writer;
        this.patience = patience;
        start = START.multipliedBy(patience);
        identified = !state.equals("waiting");
        if (state.equals("settled")) {
            settled.countDown();
        }
        Thread.ofPlatform().daemon().name("agent-reader").start(this::read);
    }

    private void read() {
        IOException cause = new IOException("the connection to the guest ended");
        try {
            Optional<Frame> frame;
            while ((frame = reader.next()).isPresent()) {
                dispatch(frame.get());
            }
        } catch (IOException e) {
            cause = e;
        } catch (RuntimeException e) { // the reading loop: hostile bytes end this connection and nothing else
            LOG.warn("A guest broke the protocol", e);
            cause = new IOException("the guest broke the protocol: " + e.getMessage(), e);
        }
        open = false;
        IOException end = cause;
        streams.values().forEach(stream -> stream.lost(end));
        streams.clear();
        closeSocket();
    }

    private void dispatch(Frame frame) {
        if (frame.channel() == 0) {
            if (frame.type() == FrameType.EVENT
                    && frame.fields()
                            .string(Field.NAME)
                            .filter("init-settled"::equals)
                            .isPresent()) {
                settled.countDown();
            }
            return;
        }
        AgentStream stream = streams.get(frame.channel());
        if (stream == null) {
            throw new ProtocolException(
                    "a " + frame.type() + " for channel " + frame.channel() + ", which is not open");
        }
        if (stream.accept(frame)) {
            streams.remove(frame.channel());
        }
    }

    /** Opens a channel with its first frame. */
    private AgentStream open(FrameType type, byte[] payload, Duration atMost) {
        if (payload.length > Frame.MAX_PAYLOAD) {
            throw BangerException.invalid(
                    "command and environment together are longer than 256 KiB; pass it as a file");
        }
        AgentStream stream = register();
        try {
            writer.write(new Frame(type, stream.channel(), payload), atMost);
        } catch (IOException e) {
            streams.remove(stream.channel());
            if (Thread.currentThread().isInterrupted()) {
                throw new BangerException(ErrorCode.CANCELLED, "cancelled while asking the guest", e);
            }
            close(); // a guest that reads nothing any more is of no use to anybody on this channel
            throw unavailable(e);
        }
        if (!open) {
            stream.lost(new IOException("the connection to the guest ended"));
        }
        return stream;
    }

    private synchronized AgentStream register() {
        for (int i = 0; i < LAST_CHANNEL; i++) {
            lastChannel = lastChannel == LAST_CHANNEL ? 1 : lastChannel + 1;
            AgentStream stream = new AgentStream(lastChannel, writer);
            if (streams.putIfAbsent(lastChannel, stream) == null) {
                return stream;
            }
        }
        throw new BangerException(ErrorCode.RESOURCE_EXHAUSTED, "too many sessions in one VM");
    }

    private Fields ask(FrameType type, Fields.Builder fields, Duration atMost) {
        Duration patient = atMost.multipliedBy(patience);
        return open(type, fields.build(), patient).reply(patient);
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isBusy() {
        return !streams.isEmpty();
    }

    @Override
    public List<StageTiming> identify(Identity identity, Duration atMost) {
        Fields.Builder fields = clockAndEntropy()
                .string(Field.HOSTNAME, identity.hostname())
                .string(Field.ADDRESS, identity.address())
                .string(Field.GATEWAY, identity.gateway())
                .strings(Field.DNS, identity.dns())
                .string(Field.MAC, identity.mac())
                .strings(Field.AUTHORIZED_KEY, identity.authorizedKeys())
                .optional(Field.HOST_KEY, identity.hostKey())
                .optional(Field.HOST_KEY_PUBLIC, identity.hostKeyPublic())
                .string(Field.MACHINE_ID, identity.machineId())
                .optional(Field.WORK_DISK, identity.workDisk())
                .u32(Field.GENERATION, identity.generation());
        Fields reply = ask(FrameType.IDENTITY, fields, atMost);
        identified = true;
        return reply.strings(Field.STAGE).stream()
                .flatMap(text -> stage(text).stream())
                .toList();
    }

    /** An identity without the rest: the agent leaves alone what it is not told. */
    @Override
    public void setClock(Duration atMost) {
        ask(FrameType.IDENTITY, clockAndEntropy(), atMost);
    }

    @Override
    public void growWorkDisk(String mountPoint, long bytes, Duration atMost) {
        ask(
                FrameType.IDENTITY,
                clockAndEntropy().string(Field.WORK_DISK, mountPoint).u64(Field.WORK_DISK_BYTES, bytes),
                atMost);
    }

    private Fields.Builder clockAndEntropy() {
        byte[] entropy = new byte[ENTROPY];
        random.nextBytes(entropy);
        Instant now = Instant.now();
        return Fields.builder()
                .u64(Field.CLOCK, now.getEpochSecond() * 1_000_000_000L + now.getNano())
                .bytes(Field.ENTROPY, entropy);
    }

    private static Optional<StageTiming> stage(String text) {
        int at = text.lastIndexOf('=');
        if (at < 1 || text.length() > 80 || !text.substring(at + 1).matches("[0-9]{1,9}")) {
            return Optional.empty();
        }
        return Optional.of(new StageTiming(text.substring(0, at), Long.parseLong(text.substring(at + 1))));
    }

    @Override
    public boolean identified() {
        return identified;
    }

    @Override
    public boolean awaitSettled(Duration atMost) {
        try {
            long deadline = System.nanoTime() + atMost.multipliedBy(patience).toNanos();
            while (open && System.nanoTime() < deadline) {
                if (settled.await(200, TimeUnit.MILLISECONDS)) {
                    return true;
                }
            }
            return settled.getCount() == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BangerException(ErrorCode.CANCELLED, "cancelled while waiting for the guest to settle", e);
        }
    }

    @Override
    public ExecSession exec(ExecRequest request) {
        Fields.Builder fields = Fields.builder().strings(Field.ARG, request.command());
        request.environment().forEach((name, value) -> fields.string(Field.ENV, name + "=" + value));
        fields.optional(Field.CWD, request.directory()).optional(Field.USER, request.user());
        TerminalSize terminal = request.terminal();
        if (terminal != null) {
            fields.u8(Field.TTY, 1).u16(Field.ROWS, terminal.rows()).u16(Field.COLS, terminal.columns());
        }
        AgentStream stream = open(FrameType.EXEC, fields.build(), start);
        stream.awaitStarted(start);
        return new AgentSession(stream);
    }

    @Override
    public GuestConnection connect(int port) {
        AgentStream stream =
                open(FrameType.CONNECT, Fields.builder().u16(Field.PORT, port).build(), start);
        stream.awaitStarted(start);
        return new AgentTcp(stream);
    }

    @Override
    public void download(String path, OutputStream tar) {
        AgentStream stream =
                open(FrameType.GET, Fields.builder().string(Field.PATH, path).build(), start);
        try {
            stream.stdout().transferTo(tar);
        } catch (IOException e) {
            stream.cancel();
            stream.await(); // the guest's own reason, if it has one, says more
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "cannot copy " + path + ": " + e.getMessage(), e);
        }
        stream.await();
    }

    @Override
    public void upload(String directory, InputStream tar) {
        AgentStream stream = open(
                FrameType.PUT, Fields.builder().string(Field.PATH, directory).build(), start);
        try (OutputStream out = stream.stdin()) {
            tar.transferTo(out);
        } catch (IOException e) {
            stream.cancel();
            stream.await();
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "cannot copy to " + directory + ": " + e.getMessage(), e);
        }
        stream.await();
    }

    @Override
    public GuestStats stats(Duration atMost) {
        Fields reply = ask(FrameType.STATS, Fields.builder(), atMost);
        return new GuestStats(
                reply.number(Field.UPTIME, 0),
                reply.number(Field.LOAD1, 0) / 100.0,
                reply.number(Field.MEM_TOTAL, 0),
                reply.number(Field.MEM_AVAILABLE, 0),
                reply.number(Field.ROOT_TOTAL, 0),
                reply.number(Field.ROOT_AVAILABLE, 0),
                reply.number(Field.WORK_TOTAL, 0),
                reply.number(Field.WORK_AVAILABLE, 0),
                reply.number(Field.PROCESSES, 0),
                reply.number(Field.CPU_MS, 0));
    }

    @Override
    public void sync(Duration atMost) {
        ask(FrameType.SYNC, Fields.builder(), atMost);
    }

    @Override
    public void powerOff(boolean force, Duration atMost) {
        try {
            ask(FrameType.POWEROFF, Fields.builder().u8(Field.FORCE, force ? 1 : 0), atMost);
        } catch (BangerException e) {
            // A machine that goes down at once may take its answer with it.
            if (!force || e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
        }
    }

    private static BangerException unavailable(IOException e) {
        return new BangerException(
                ErrorCode.GUEST_UNAVAILABLE, "the connection to the guest is lost: " + e.getMessage(), e);
    }

    @Override
    public void close() {
        open = false;
        closeSocket();
    }

    private void closeSocket() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("A guest's socket did not close", e);
        }
        writer.close();
    }
}
