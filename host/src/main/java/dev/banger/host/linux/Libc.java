package dev.banger.host.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

/**
 * The C library's functions that the JDK has no way to reach: with {@link NftLibrary} the one place of foreign calls. Each call is safe because its
 * arguments are numbers or segments that live until it returns. Numbers are those of Linux on 64-bit machines. Thread-safe.
 */
final class Libc {
    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int ENXIO = 6;
    static final int EACCES = 13;
    static final int EBUSY = 16;
    static final int ENODEV = 19;
    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0100;
    static final int O_CLOEXEC = 02000000;
    static final int O_PATH = 010000000;
    static final int O_DIRECTORY = 0200000;
    static final int LOCK_EX = 2;
    static final int LOCK_NB = 4;
    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;
    static final int POLLIN = 1;
    static final int AF_UNIX = 1;
    static final int SOCK_DGRAM = 2;
    static final int SOCK_CLOEXEC = 02000000;
    private static final long SYS_PIDFD_SEND_SIGNAL = 424;
    private static final long SYS_PIDFD_OPEN = 434;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup SYMBOLS = LINKER.defaultLookup();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private Libc() {}

    /** What a call returned, with errno when that is negative. */
    record Result(long value, int errno) {
        boolean failed() {
            return value < 0;
        }
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker.Option[] all = new Linker.Option[options.length + 1];
        all[0] = Linker.Option.captureCallState("errno");
        System.arraycopy(options, 0, all, 1, options.length);
        return LINKER.downcallHandle(SYMBOLS.findOrThrow(name), descriptor, all);
    }

    private interface Call {
        long on(MemorySegment state) throws Throwable;
    }

    private static Result call(Call call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long value = call.on(state);
            return new Result(value, value < 0 ? (int) ERRNO.get(state, 0L) : 0);
        } catch (Throwable e) { // invokeExact declares Throwable; a downcall itself throws nothing
            throw new IllegalStateException("foreign call failed", e);
        }
    }

    private static final class Open {
        static final MethodHandle HANDLE = handle(
                "open",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
                Linker.Option.firstVariadicArg(2));
    }

    /** open(2) */
    static Result open(String path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path, StandardCharsets.UTF_8);
            return call(state -> (int) Open.HANDLE.invokeExact(state, name, flags, mode));
        }
    }

    private static final class Socket {
        static final MethodHandle HANDLE = handle(
                "socket",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }

    /** socket(2) */
    static Result socket(int domain, int type, int protocol) {
        return call(state -> (int) Socket.HANDLE.invokeExact(state, domain, type, protocol));
    }

    private static final class Close {
        static final MethodHandle HANDLE =
                handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }

    /** close(2) */
    static Result close(int fd) {
        return call(state -> (int) Close.HANDLE.invokeExact(state, fd));
    }

    private static final class Flock {
        static final MethodHandle HANDLE = handle(
                "flock", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }

    /** flock(2) */
    static Result flock(int fd, int operation) {
        return call(state -> (int) Flock.HANDLE.invokeExact(state, fd, operation));
    }

    private static final class Lseek {
        static final MethodHandle HANDLE = handle(
                "lseek",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    }

    /** lseek(2) */
    static Result lseek(int fd, long offset, int whence) {
        return call(state -> (long) Lseek.HANDLE.invokeExact(state, fd, offset, whence));
    }

    private static final class Fallocate {
        static final MethodHandle HANDLE = handle(
                "fallocate",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG));
    }

    /** fallocate(2) */
    static Result fallocate(int fd, int mode, long offset, long length) {
        return call(state -> (int) Fallocate.HANDLE.invokeExact(state, fd, mode, offset, length));
    }

    private static final class Umask {
        static final MethodHandle HANDLE =
                handle("umask", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }

    /** umask(2) */
    static void umask(int mask) {
        call(state -> (int) Umask.HANDLE.invokeExact(state, mask));
    }

    private static final class Syscall2 {
        static final MethodHandle HANDLE = handle(
                "syscall",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
                Linker.Option.firstVariadicArg(1));
    }

    /** pidfd_open(2) */
    static Result pidfdOpen(int pid) {
        return call(state -> (long) Syscall2.HANDLE.invokeExact(state, SYS_PIDFD_OPEN, pid, 0));
    }

    private static final class Syscall4 {
        static final MethodHandle HANDLE = handle(
                "syscall",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT),
                Linker.Option.firstVariadicArg(1));
    }

    /** pidfd_send_signal(2) */
    static Result pidfdSendSignal(int pidfd, int signal) {
        return call(state ->
                (long) Syscall4.HANDLE.invokeExact(state, SYS_PIDFD_SEND_SIGNAL, pidfd, signal, MemorySegment.NULL, 0));
    }

    private static final class Poll {
        static final MethodHandle HANDLE = handle(
                "poll",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    }

    /** poll(2) of one descriptor for input. */
    static Result pollIn(int fd, int millis) {
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd { int fd; short events; short revents; }
            MemorySegment entry = arena.allocate(8, 4);
            entry.set(ValueLayout.JAVA_INT, 0, fd);
            entry.set(ValueLayout.JAVA_SHORT, 4, (short) POLLIN);
            return call(state -> (int) Poll.HANDLE.invokeExact(state, entry, 1L, millis));
        }
    }

    private static final class Ioctl {
        static final MethodHandle HANDLE = handle(
                "ioctl",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
                Linker.Option.firstVariadicArg(2));
    }

    /** ioctl(2) with a structure that the request may read and write. */
    static Result ioctl(int fd, long request, byte[] structure) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment argument = arena.allocateFrom(ValueLayout.JAVA_BYTE, structure);
            Result result = call(state -> (int) Ioctl.HANDLE.invokeExact(state, fd, request, argument));
            MemorySegment.copy(argument, ValueLayout.JAVA_BYTE, 0, structure, 0, structure.length);
            return result;
        }
    }

    private static final class IoctlValue {
        static final MethodHandle HANDLE = handle(
                "ioctl",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
                Linker.Option.firstVariadicArg(2));
    }

    /** ioctl(2) of a request whose argument is a number, or that has none. */
    static Result ioctl(int fd, long request, long value) {
        return call(state -> (int) IoctlValue.HANDLE.invokeExact(state, fd, request, value));
    }

    private static final class SendTo {
        static final MethodHandle HANDLE = handle(
                "sendto",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT));
    }

    /** sendto(2) of all of {@code message}, to a socket address of any family. */
    static Result sendTo(int fd, byte[] message, byte[] address) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, message);
            MemorySegment to = arena.allocateFrom(ValueLayout.JAVA_BYTE, address);
            return call(state ->
                    (long) SendTo.HANDLE.invokeExact(state, fd, bytes, (long) message.length, 0, to, address.length));
        }
    }

    private static final class Transfer {
        static final FunctionDescriptor DESCRIPTOR = FunctionDescriptor.of(
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
        static final MethodHandle READ = handle("read", DESCRIPTOR);
        static final MethodHandle WRITE = handle("write", DESCRIPTOR);
    }

    /** read(2) into {@code buffer}. */
    static Result read(int fd, byte[] buffer) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(Math.max(1, buffer.length));
            Result result = call(state -> (long) Transfer.READ.invokeExact(state, fd, bytes, (long) buffer.length));
            if (!result.failed()) {
                MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, buffer, 0, (int) result.value());
            }
            return result;
        }
    }

    /** write(2) of all of {@code bytes} at once. */
    static Result write(int fd, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            return call(state -> (long) Transfer.WRITE.invokeExact(state, fd, segment, (long) bytes.length));
        }
    }
}
