package dev.banger.host.linux;

import dev.banger.api.BangerException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the program nft is made of, libnftables(3), in this process. No program has to be started; and its sockets stay open, while a
 * socket about nftables that is closed waits until the kernel has freed what was deleted, some 15 ms. One call at a time, from any
 * thread. Output says what a run of the program would.
 */
public final class NftLibrary {
    private static final Logger LOG = LoggerFactory.getLogger(NftLibrary.class);
    private static final String FILE = "libnftables.so.1";
    private static final int OUTPUT_JSON = 1 << 4; // enum nft_ctx_output_flags in nftables/libnftables.h

    private final Functions functions;
    private final MemorySegment text;
    private final MemorySegment json;

    private NftLibrary(Functions functions) {
        this.functions = functions;
        text = functions.context(0);
        json = functions.context(OUTPUT_JSON);
    }

    /**
     * It sees the network namespace of the calling thread from then on. Empty where there is no such library, or no socket about nftables
     * can be opened: the library would then end the process.
     */
    public static Optional<NftLibrary> open() {
        try {
            Netlink.openNetfilter().close();
            return Optional.of(new NftLibrary(new Functions(SymbolLookup.libraryLookup(FILE, Arena.global()))));
        } catch (IllegalArgumentException | BangerException e) {
            LOG.debug("{} cannot be used", FILE, e);
            return Optional.empty();
        }
    }

    /** Runs commands as {@code nft -f} does: all of them or none. */
    public Output transaction(String commands) {
        return functions.run(text, commands);
    }

    /** As {@code nft -j}. */
    public Output list(String command) {
        return functions.run(json, command);
    }

    /** Each call is safe because its arguments are contexts, which are never freed, and strings that live until it returns. */
    private static final class Functions {
        private final MethodHandle create;
        private final MethodHandle setFlags;
        private final MethodHandle bufferOutput;
        private final MethodHandle bufferError;
        private final MethodHandle run;
        private final MethodHandle output;
        private final MethodHandle error;

        Functions(SymbolLookup library) {
            FunctionDescriptor toNumber = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
            FunctionDescriptor toText = FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS);
            create = handle(library, "nft_ctx_new", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
            setFlags = handle(
                    library,
                    "nft_ctx_output_set_flags",
                    FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
            bufferOutput = handle(library, "nft_ctx_buffer_output", toNumber);
            bufferError = handle(library, "nft_ctx_buffer_error", toNumber);
            run = handle(
                    library,
                    "nft_run_cmd_from_buffer",
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
            output = handle(library, "nft_ctx_get_output_buffer", toText);
            error = handle(library, "nft_ctx_get_error_buffer", toText);
        }

        private static MethodHandle handle(SymbolLookup library, String name, FunctionDescriptor descriptor) {
            return Linker.nativeLinker()
                    .downcallHandle(
                            library.find(name).orElseThrow(() -> new IllegalArgumentException(FILE + " lacks " + name)),
                            descriptor);
        }

        MemorySegment context(int flags) {
            try {
                MemorySegment context = (MemorySegment) create.invokeExact(0);
                setFlags.invokeExact(context, flags);
                int failed = (int) bufferOutput.invokeExact(context);
                failed |= (int) bufferError.invokeExact(context);
                if (failed != 0) {
                    throw new IllegalArgumentException(FILE + " keeps no output");
                }
                return context;
            } catch (Throwable e) { // invokeExact declares Throwable
                throw unexpected(e);
            }
        }

        Output run(MemorySegment context, String commands) {
            try (Arena arena = Arena.ofConfined()) {
                int failed = (int) run.invokeExact(context, arena.allocateFrom(commands, StandardCharsets.UTF_8));
                MemorySegment said = (MemorySegment) output.invokeExact(context);
                MemorySegment complained = (MemorySegment) error.invokeExact(context);
                return new Output(
                        failed == 0 ? 0 : 1, string(said).getBytes(StandardCharsets.UTF_8), false, string(complained));
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }

        private static String string(MemorySegment start) {
            return start.equals(MemorySegment.NULL)
                    ? ""
                    : start.reinterpret(Long.MAX_VALUE).getString(0, StandardCharsets.UTF_8);
        }

        private static RuntimeException unexpected(Throwable e) {
            return e instanceof RuntimeException failure
                    ? failure
                    : new IllegalStateException("foreign call failed", e);
        }
    }
}
