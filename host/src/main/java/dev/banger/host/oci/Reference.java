package dev.banger.host.oci;

import dev.banger.api.BangerException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code image pull} is asked for.
 *
 * @param transport where it lies
 * @param location a registry's host and port, or a path
 * @param repository in a registry; else empty
 * @param tag in a registry {@code latest} if nothing was said; in an archive empty
 * @param digest which the tag then does not matter for
 */
record Reference(Transport transport, String location, String repository, String tag, Optional<Digest> digest) {
    enum Transport {
        REGISTRY(""),
        OCI("oci:"),
        OCI_ARCHIVE("oci-archive:"),
        DOCKER_ARCHIVE("docker-archive:");

        private final String prefix;

        Transport(String prefix) {
            this.prefix = prefix;
        }
    }

    private static final Pattern HOST = Pattern.compile(
            "(localhost|[a-zA-Z0-9-]+(\\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9.-]+(?=:)|\\[[0-9a-fA-F:]+])(:[0-9]{1,5})?");
    private static final Pattern REPOSITORY =
            Pattern.compile("[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
    private static final int REPOSITORY_BYTES = 255;

    /** {@code home}: the registry of a reference that names none. */
    static Reference parse(String text, Optional<String> home) {
        for (Transport transport : Transport.values()) {
            if (transport != Transport.REGISTRY && text.startsWith(transport.prefix)) {
                return local(transport, text.substring(transport.prefix.length()));
            }
        }
        String rest = text;
        Optional<Digest> digest = Optional.empty();
        int at = rest.indexOf('@');
        if (at >= 0) {
            try {
                digest = Optional.of(Digest.parse(rest.substring(at + 1)));
            } catch (BadArchive e) {
                throw BangerException.invalid("behind the @ of " + text + " belongs sha256: and 64 hex digits");
            }
            rest = rest.substring(0, at);
        }
        if (!host(rest).matches()) {
            rest = home.orElseThrow(() -> homeless(text)) + "/" + rest;
        }
        Matcher host = host(rest);
        if (!host.matches()) {
            throw BangerException.invalid("images.registry is no registry: " + home.orElse(""));
        }
        String repository = rest.substring(rest.indexOf('/') + 1);
        String tag = digest.isPresent() ? "" : "latest";
        int colon = repository.lastIndexOf(':');
        if (colon >= 0) {
            tag = repository.substring(colon + 1);
            repository = repository.substring(0, colon);
        }
        if (!REPOSITORY.matcher(repository).matches()
                || repository.length() > REPOSITORY_BYTES
                || (!tag.isEmpty() || colon >= 0) && !TAG.matcher(tag).matches()) {
            throw BangerException.invalid("\"" + text + "\" names no image: write HOST[:PORT]/NAME[:TAG][@DIGEST]");
        }
        return new Reference(Transport.REGISTRY, host.group(), repository, tag, digest);
    }

    private static BangerException homeless(String text) {
        return BangerException.invalid(
                "say which registry \"" + text + "\" is in: HOST[:PORT]/" + text
                        + "; or set images.registry (BANGER_REGISTRY), where such names lead, or images.catalogs (BANGER_CATALOGS)");
    }

    private static Matcher host(String reference) {
        return HOST.matcher(reference.substring(0, Math.max(0, reference.indexOf('/'))));
    }

    private static Reference local(Transport transport, String rest) {
        int colon = rest.lastIndexOf(':');
        boolean tagged = colon > rest.lastIndexOf('/');
        String path = tagged ? rest.substring(0, colon) : rest;
        if (!path.startsWith("/")) {
            throw BangerException.invalid(transport.prefix + rest + ": the path has to be an absolute one");
        }
        return new Reference(transport, path, "", tagged ? rest.substring(colon + 1) : "", Optional.empty());
    }

    /** What the image is called if nobody says otherwise: {@code python-3.12} for {@code HOST/library/python:3.12}. */
    String name() {
        String path =
                repository.isEmpty() ? location.replaceAll("/+$", "").replaceAll("\\.(tar|oci)$", "") : repository;
        String last = path.substring(path.lastIndexOf('/') + 1);
        String version = tag.isEmpty() || tag.equals("latest") ? "" : "-" + tag;
        String name = (last + version).toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]", "-");
        name = name.substring(0, Math.min(63, name.length()));
        return name.replaceAll("^[^a-z0-9]+|[^a-z0-9]+$", "").replaceAll("\\.\\.+", ".");
    }

    @Override
    public String toString() {
        String name = repository.isEmpty() ? location : location + "/" + repository;
        return transport.prefix
                + name
                + (tag.isEmpty() ? "" : ":" + tag)
                + digest.map(each -> "@" + each).orElse("");
    }
}
