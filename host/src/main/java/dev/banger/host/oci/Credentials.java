package dev.banger.host.oci;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.http.Neutral;
import dev.banger.host.linux.Program;
import dev.banger.host.linux.ProgramRunner;
import dev.banger.host.oci.Documents.Login;
import dev.banger.host.oci.Documents.Logins;
import dev.banger.host.oci.Documents.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The logins that docker and podman remember: in containers-auth.json(5) and docker's config.json, or with a credential
 * helper that these name. They are read when a registry asks for them, and given to that registry alone.
 */
final class Credentials {
    private static final Duration HELPER = Duration.ofSeconds(30);
    private static final Pattern HELPER_NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    /** What a helper calls a user whose secret is a token to get tokens with. */
    private static final String TOKEN_USER = "<token>";

    /**
     * A login.
     *
     * @param refresh whether the secret is a token to get tokens with, not a password
     */
    record Given(String user, String secret, boolean refresh) {
        String basic() {
            return "Basic "
                    + Base64.getEncoder().encodeToString((user + ":" + secret).getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String toString() {
            return "Given[hidden]";
        }
    }

    private final Map<String, String> environment;
    private final ProgramRunner programs;

    Credentials(Map<String, String> environment, ProgramRunner programs) {
        this.environment = environment;
        this.programs = programs;
    }

    /** The login for a registry, or for a repository in it if there is one. */
    Optional<Given> find(String host, String repository) {
        for (Path file : files()) {
            if (Files.isReadable(file)) {
                Optional<Given> found = find(file, host, repository);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    private List<Path> files() {
        List<Path> files = new ArrayList<>();
        Path home = Path.of(environment.getOrDefault("HOME", "/"));
        variable("REGISTRY_AUTH_FILE").ifPresent(file -> files.add(Path.of(file)));
        variable("XDG_RUNTIME_DIR").ifPresent(run -> files.add(Path.of(run, "containers/auth.json")));
        files.add(variable("XDG_CONFIG_HOME")
                .map(Path::of)
                .orElse(home.resolve(".config"))
                .resolve("containers/auth.json"));
        files.add(variable("DOCKER_CONFIG")
                .map(Path::of)
                .orElse(home.resolve(".docker"))
                .resolve("config.json"));
        return files;
    }

    private Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }

    private Optional<Given> find(Path file, String host, String repository) {
        Logins logins;
        try {
            if (Files.size(file) > Documents.BYTES) {
                return Optional.empty();
            }
            logins = Documents.parse(Documents.LOGINS, Files.readAllBytes(file), "logins");
        } catch (IOException | BadArchive e) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED, "cannot read the logins in " + file + ": " + e.getMessage(), e);
        }
        for (String key = host + "/" + repository; ; key = key.substring(0, key.lastIndexOf('/'))) {
            String helper = logins.credHelpers().get(key);
            if (helper != null) {
                return ask(helper, key);
            }
            Login login = logins.auths().get(key);
            Optional<Given> given = decode(login);
            if (given.isPresent()) {
                return given;
            }
            if (key.equals(host)) {
                break;
            }
        }
        Optional<Given> older = decode(logins.auths().get("https://" + host + "/v1/"))
                .or(() -> decode(logins.auths().get("https://" + host)));
        return older.isEmpty() && logins.credsStore() != null ? ask(logins.credsStore(), host) : older;
    }

    private static Optional<Given> decode(@Nullable Login login) {
        if (login == null) {
            return Optional.empty();
        }
        if (login.identitytoken() != null && !login.identitytoken().isEmpty()) {
            return Optional.of(new Given(TOKEN_USER, login.identitytoken(), true));
        }
        if (login.auth() == null || login.auth().isEmpty()) {
            return Optional.empty();
        }
        try {
            String plain = new String(Base64.getDecoder().decode(login.auth()), StandardCharsets.UTF_8);
            int colon = plain.indexOf(':');
            return colon < 0
                    ? Optional.empty()
                    : Optional.of(new Given(plain.substring(0, colon), plain.substring(colon + 1), false));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** A helper that knows nothing says so by failing. */
    private Optional<Given> ask(String helper, String server) {
        if (!HELPER_NAME.matcher(helper).matches()) {
            throw BangerException.invalid("\"" + Neutral.text(helper) + "\" cannot be the name of a credential helper");
        }
        String program = "docker-credential-" + helper;
        if (programs.find(program).isEmpty()) {
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "the login for " + server + " is with " + program + ", which is not installed");
        }
        try {
            byte[] said = programs.run(
                            Program.of(HELPER, program, "get").reading(server.getBytes(StandardCharsets.UTF_8)))
                    .text()
                    .getBytes(StandardCharsets.UTF_8);
            Secret secret = Documents.parse(Documents.SECRET, said, "an answer");
            if (secret.username() == null || secret.secret() == null) {
                return Optional.empty();
            }
            return Optional.of(new Given(
                    secret.username(), secret.secret(), secret.username().equals(TOKEN_USER)));
        } catch (BangerException | BadArchive e) {
            return Optional.empty();
        }
    }
}
