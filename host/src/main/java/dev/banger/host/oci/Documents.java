package dev.banger.host.oci;

import dev.banger.api.BangerException;
import dev.banger.host.http.JsonDepth;
import io.avaje.jsonb.Json;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The JSON documents of container images and registries, as far as banger needs them. What is left out of one is empty here. */
final class Documents {
    /** No more is read of any of them. */
    static final int BYTES = 4 << 20;

    private static final int DEPTH = 32;
    private static final Jsonb JSONB = Jsonb.builder().failOnUnknown(false).build();

    static final JsonType<Manifest> MANIFEST = JSONB.type(Manifest.class);
    static final JsonType<Config> CONFIG = JSONB.type(Config.class);
    static final JsonType<List<Saved>> SAVED = JSONB.type(Saved.class).list();
    static final JsonType<Token> TOKEN = JSONB.type(Token.class);
    static final JsonType<Logins> LOGINS = JSONB.type(Logins.class);
    static final JsonType<Secret> SECRET = JSONB.type(Secret.class);

    private Documents() {}

    static <T> T parse(JsonType<T> type, byte[] bytes, String what) {
        if (JsonDepth.exceeds(bytes, DEPTH)) {
            throw new BadArchive(what + " that cannot be read");
        }
        try {
            T parsed = type.fromJson(new String(bytes, StandardCharsets.UTF_8));
            if (parsed != null) {
                return parsed;
            }
        } catch (BadArchive e) {
            throw e;
        } catch (RuntimeException e) { // the parser throws what it likes on garbage
            throw new BadArchive(what + " that cannot be read");
        }
        throw new BadArchive(what + " with nothing in it");
    }

    private static <T> List<T> list(@Nullable List<T> list) {
        return list == null ? List.of() : list.stream().filter(Objects::nonNull).toList();
    }

    private static <T> Map<String, T> map(@Nullable Map<String, T> map) {
        return map == null ? Map.of() : map;
    }

    /** An index has {@code manifests}, a manifest {@code config} and {@code layers}. */
    @Json
    record Manifest(
            @Nullable String mediaType,
            @Nullable Descriptor config,
            List<Descriptor> layers,
            List<Descriptor> manifests) {
        Manifest {
            layers = list(layers);
            manifests = list(manifests);
        }
    }

    @Json
    record Descriptor(
            @Nullable String mediaType,
            @Nullable String digest,
            long size,
            @Nullable Platform platform,
            Map<String, String> annotations) {
        Descriptor {
            annotations = map(annotations);
        }

        Digest checkedDigest() {
            return Digest.parse(digest);
        }

        String type() {
            return mediaType == null ? "" : mediaType;
        }
    }

    @Json
    record Platform(
            @Nullable String os,
            @Nullable String architecture,
            @Nullable String variant) {
        private static final Pattern GRAMMAR = Pattern.compile("linux/([a-z0-9_]{1,32})(?:/([a-z0-9.]{1,32}))?");

        /** What {@code image pull} is asked for; null: this host's. */
        static Platform parse(@Nullable String text) {
            Matcher matcher = GRAMMAR.matcher(text == null ? "linux/" + hosts() : text);
            if (!matcher.matches()) {
                throw BangerException.invalid("a platform is linux/ARCHITECTURE[/VARIANT], such as linux/" + hosts());
            }
            return new Platform("linux", matcher.group(1), matcher.group(2));
        }

        /** Go's name for this host's architecture, which images use. */
        private static String hosts() {
            String name = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
            return switch (name) {
                case "x86_64" -> "amd64";
                case "aarch64" -> "arm64";
                default -> name;
            };
        }

        /** Whether an image for the other one is what is wanted; without a variant any will do. */
        boolean has(Platform other) {
            return Objects.equals(os, other.os)
                    && Objects.equals(architecture, other.architecture)
                    && (variant == null || variant.equals(other.variant));
        }

        @Override
        public String toString() {
            return os + "/" + architecture + (variant == null || variant.isEmpty() ? "" : "/" + variant);
        }
    }

    @Json
    record Config(
            @Nullable String os,
            @Nullable String architecture,
            @Nullable Run config,
            @Nullable Rootfs rootfs) {}

    @Json
    record Run(
            @Nullable @Json.Property("User") String user,
            @Json.Property("Env") List<String> env,
            @Json.Property("Entrypoint") List<String> entrypoint,
            @Json.Property("Cmd") List<String> cmd,
            @Nullable @Json.Property("WorkingDir") String workingDir) {
        Run {
            env = list(env);
            entrypoint = list(entrypoint);
            cmd = list(cmd);
        }
    }

    @Json
    record Rootfs(@Json.Property("diff_ids") List<String> diffIds) {
        Rootfs {
            diffIds = list(diffIds);
        }
    }

    /** An entry of the manifest.json of a docker-archive. */
    @Json
    record Saved(
            @Nullable @Json.Property("Config") String config,
            @Json.Property("RepoTags") List<String> repoTags,
            @Json.Property("Layers") List<String> layers) {
        Saved {
            repoTags = list(repoTags);
            layers = list(layers);
        }
    }

    @Json
    record Token(
            @Nullable String token,
            @Nullable @Json.Property("access_token") String accessToken) {
        @Override
        public String toString() {
            return "Token[hidden]";
        }
    }

    /** What docker and podman remember of logins. */
    @Json
    record Logins(
            Map<String, Login> auths,
            Map<String, String> credHelpers,
            @Nullable String credsStore) {
        Logins {
            auths = map(auths);
            credHelpers = map(credHelpers);
        }

        @Override
        public String toString() {
            return "Logins[hidden]";
        }
    }

    @Json
    record Login(@Nullable String auth, @Nullable String identitytoken) {
        @Override
        public String toString() {
            return "Login[hidden]";
        }
    }

    /** What a credential helper prints. */
    @Json
    record Secret(
            @Nullable @Json.Property("Username") String username,
            @Nullable @Json.Property("Secret") String secret) {
        @Override
        public String toString() {
            return "Secret[hidden]";
        }
    }
}
