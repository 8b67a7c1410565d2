package dev.banger.host.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;

/**
 * SHA-256 by OpenSSL's libcrypto, which ssh brings along, where there is one: the CPU's own instructions for it are ten times as fast as
 * what the JDK compiles at the level that the daemon runs at. Elsewhere the JDK's.
 */
public final class Sha256 {
    private static final int BYTES = 32;
    private static final List<String> FILES = List.of("libcrypto.so.3", "libcrypto.so.1.1");
    private static final Optional<Functions> LIBRARY = library();

    private Sha256() {}

    /** A digest that has begun; used by one thread at a time. */
    public static MessageDigest begin() {
        if (LIBRARY.isPresent()) {
            return new Native(LIBRARY.get());
        }
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static Optional<Functions> library() {
        for (String file : FILES) {
            try {
                return Optional.of(new Functions(SymbolLookup.libraryLookup(file, Arena.global())));
            } catch (IllegalArgumentException e) {
                continue; // not here, or not with what it needs: the next one, or the JDK
            }
        }
        return Optional.empty();
    }

    private static final class Native extends MessageDigest {
        private final Functions functions;
        private final MemorySegment context;

        Native(Functions functions) {
            super("SHA-256");
            this.functions = functions;
            context = functions.context();
            engineReset();
        }

        @Override
        protected int engineGetDigestLength() {
            return BYTES;
        }

        @Override
        protected void engineReset() {
            functions.begin(context);
        }

        @Override
        protected void engineUpdate(byte input) {
            engineUpdate(new byte[] {input}, 0, 1);
        }

        @Override
        protected void engineUpdate(byte[] input, int offset, int length) {
            functions.update(context, MemorySegment.ofArray(input).asSlice(offset, length));
        }

        @Override
        protected void engineUpdate(ByteBuffer input) {
            functions.update(context, MemorySegment.ofBuffer(input));
            input.position(input.limit());
        }

        @Override
        protected byte[] engineDigest() {
            byte[] digest = new byte[BYTES];
            functions.end(context, MemorySegment.ofArray(digest));
            functions.begin(context);
            return digest;
        }
    }

    /**
     * Of EVP_DigestInit(3). Each call is safe because a context lives as long as its digest, and data is read or written within its
     * segment, before the call returns.
     */
    private static final class Functions {
        private final MethodHandle create;
        private final MethodHandle free;
        private final MethodHandle begin;
        private final MethodHandle update;
        private final MethodHandle end;
        private final MemorySegment algorithm;

        Functions(SymbolLookup library) {
            FunctionDescriptor give = FunctionDescriptor.of(ValueLayout.ADDRESS);
            FunctionDescriptor three = FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
            create = handle(library, "EVP_MD_CTX_new", give);
            free = handle(library, "EVP_MD_CTX_free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
            begin = handle(library, "EVP_DigestInit_ex", three);
            update = handle(
                    library,
                    "EVP_DigestUpdate",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG),
                    Linker.Option.critical(true));
            end = handle(library, "EVP_DigestFinal_ex", three, Linker.Option.critical(true));
            try {
                algorithm = (MemorySegment) handle(library, "EVP_sha256", give).invokeExact();
            } catch (Throwable e) { // invokeExact declares Throwable
                throw unexpected(e);
            }
        }

        private static MethodHandle handle(
                SymbolLookup library, String name, FunctionDescriptor descriptor, Linker.Option... options) {
            return Linker.nativeLinker()
                    .downcallHandle(
                            library.find(name).orElseThrow(() -> new IllegalArgumentException("no " + name)),
                            descriptor,
                            options);
        }

        /** Freed with the last reference to it. */
        MemorySegment context() {
            try {
                return ((MemorySegment) create.invokeExact()).reinterpret(Arena.ofAuto(), this::free);
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }

        private void free(MemorySegment context) {
            try {
                free.invokeExact(context);
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }

        void begin(MemorySegment context) {
            try {
                check((int) begin.invokeExact(context, algorithm, MemorySegment.NULL));
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }

        void update(MemorySegment context, MemorySegment data) {
            try {
                check((int) update.invokeExact(context, data, data.byteSize()));
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }

        void end(MemorySegment context, MemorySegment digest) {
            try {
                check((int) end.invokeExact(context, digest, MemorySegment.NULL));
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }

        private static void check(int done) {
            if (done != 1) {
                throw new IllegalStateException("libcrypto refuses SHA-256");
            }
        }

        private static RuntimeException unexpected(Throwable e) {
            return e instanceof RuntimeException failure
                    ? failure
                    : new IllegalStateException("foreign call failed", e);
        }
    }
}
