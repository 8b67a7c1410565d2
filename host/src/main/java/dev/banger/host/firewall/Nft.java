package dev.banger.host.firewall;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.NftLibrary;
import dev.banger.host.linux.Output;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import io.avaje.json.JsonException;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * nft(8): transactions as text, listings as JSON (libnftables-json(5)). Transactions, and listings of our own tables, are done by the
 * library where there is one; those of others by the program, which may end on what it does not know without ending the daemon. One
 * call at a time.
 */
final class Nft {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final JsonType<Object> JSON = Jsonb.builder().build().type(Object.class);

    private final ProgramRunner programs;
    private final List<String> prefix;
    private final Opener opener;
    private @Nullable Optional<NftLibrary> library;

    Nft(ProgramRunner programs, List<String> prefix, Opener opener) {
        this.programs = programs;
        this.prefix = List.copyOf(prefix);
        this.opener = opener;
    }

    private Optional<NftLibrary> library() {
        Optional<NftLibrary> known = library;
        if (known == null) {
            known = opener.open(NftLibrary::open);
            library = known;
        }
        return known;
    }

    boolean hasLibrary() {
        return library().isPresent();
    }

    boolean installed() {
        return programs.find("nft").isPresent();
    }

    /** Whether the program is there, the kernel knows it, and this user may. The reason if not. */
    Optional<String> unusable() {
        if (!installed()) {
            return Optional.of(programs.absent("nft"));
        }
        Output output = attempt(List.of("-j", "list", "tables"), "");
        return output.status() == 0
                ? Optional.empty()
                : Optional.of("nft cannot be used: " + output.stderr().strip());
    }

    /** All of it or nothing. */
    void transaction(String commands) {
        Output output = library()
                .map(found -> found.transaction(commands))
                .orElseGet(() -> attempt(List.of("-f", "-"), commands));
        if (output.status() != 0) {
            throw failure(output, commands);
        }
    }

    /** The objects of a listing, each a map with one key that says what it is; and how long the listing was. */
    record Listing(List<Map<?, ?>> objects, int characters) {
        static final Listing NOTHING = new Listing(List.of(), 0);
    }

    /** What there is of that, {@code table ip NAME} for example; empty when there is no such thing. */
    Optional<Listing> list(String what) {
        return listing(what, attempt(List.of("-j", "list " + what), ""));
    }

    /** As {@link #list}, of what is all our own. */
    Optional<Listing> listOwn(String what) {
        return library().map(found -> listing(what, found.list("list " + what))).orElseGet(() -> list(what));
    }

    private static Optional<Listing> listing(String what, Output output) {
        if (output.status() != 0 && output.stderr().contains("No such file or directory")) {
            return Optional.empty();
        }
        if (output.status() != 0) {
            throw failure(output, "list " + what);
        }
        if (output.truncated()) {
            throw new BangerException(
                    ErrorCode.HOST_COMMAND_FAILED, "the host has more firewall rules than banger can look through");
        }
        String text = output.text();
        return Optional.of(new Listing(objects(text), text.length()));
    }

    private Output attempt(List<String> arguments, String input) {
        List<String> argv = new ArrayList<>(List.of("nft"));
        argv.addAll(arguments);
        return programs.attempt(
                Program.of(TIMEOUT, argv).under(prefix).reading(input.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<Map<?, ?>> objects(String text) {
        try {
            return list(object(JSON.fromJson(text)).get("nftables")).stream()
                    .<Map<?, ?>>map(Nft::object)
                    .filter(object -> !object.containsKey("metainfo")) // nft's own version
                    .toList();
        } catch (JsonException e) {
            throw new BangerException(ErrorCode.HOST_COMMAND_FAILED, "nft printed what is no JSON", text, e);
        }
    }

    static Map<?, ?> object(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    static List<?> list(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    static String string(Map<?, ?> map, String key) {
        return map.get(key) instanceof String text ? text : "";
    }

    private static BangerException failure(Output output, String commands) {
        String said = output.stderr().strip();
        boolean denied = said.contains("Operation not permitted") || said.contains("you must be root");
        boolean unsupported = said.contains("Operation not supported") || said.contains("Protocol not supported");
        ErrorCode code = denied
                ? ErrorCode.PERMISSION_DENIED
                : unsupported ? ErrorCode.PRECONDITION_FAILED : ErrorCode.HOST_COMMAND_FAILED;
        return new BangerException(
                code,
                "nft failed (exit status " + output.status() + "): " + said
                        + (denied ? "\nfirewall rules need root; run banger's daemon as root, or use user mode" : "")
                        + (unsupported ? "\nthis kernel lacks a part of nftables" : ""),
                commands,
                null);
    }
}
