package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an image from a registry says of the program it is made for. It is a default: a command is run with it unless its
 * request says otherwise.
 *
 * @param entrypoint begins the command line, if there is one
 * @param command goes on with it
 * @param environment of every command
 * @param directory of every command; null: the user's home
 * @param user of every command, a name or uid; null: root
 */
@Json
public record ImageProgram(
        List<String> entrypoint,
        List<String> command,
        Map<String, String> environment,
        @Nullable String directory,
        @Nullable String user) {
    /** That of an image which says nothing. */
    public static final ImageProgram NONE = new ImageProgram(List.of(), List.of(), Map.of(), null, null);

    public ImageProgram {
        // An older image.json may lack them.
        entrypoint = entrypoint == null ? List.of() : List.copyOf(entrypoint);
        command = command == null ? List.of() : List.copyOf(command);
        environment = environment == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    }

    /** Program and arguments; empty: there are none. */
    public List<String> commandLine() {
        List<String> line = new ArrayList<>(entrypoint);
        line.addAll(command);
        return List.copyOf(line);
    }

    /** {@code request}, with what it leaves open as the image says. The group of a user, behind a colon, is left out. */
    public ExecRequest completing(ExecRequest request) {
        Map<String, String> all = new LinkedHashMap<>(environment);
        all.putAll(request.environment());
        String own = user == null || user.startsWith(":") ? null : user.split(":", 2)[0];
        return new ExecRequest(
                request.command().isEmpty() ? commandLine() : request.command(),
                all,
                request.directory() == null ? directory : request.directory(),
                request.user() == null ? own : request.user(),
                request.terminal());
    }
}
