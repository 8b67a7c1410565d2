package dev.banger.host.oci;

import dev.banger.host.linux.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The digest of a blob: {@code sha256:} and 64 hex digits. It becomes a file's name, so nothing else is accepted. */
record Digest(String hex) {
    private static final Pattern GRAMMAR = Pattern.compile("sha256:[0-9a-f]{64}");
    private static final int PREFIX = 7;

    static Digest parse(@Nullable String text) {
        if (text == null || !GRAMMAR.matcher(text).matches()) {
            throw new BadArchive("a digest that is none of SHA-256");
        }
        return new Digest(text.substring(PREFIX));
    }

    static MessageDigest begin() {
        return Sha256.begin();
    }

    static Digest of(MessageDigest digest) {
        return new Digest(HexFormat.of().formatHex(digest.digest()));
    }

    static Digest of(byte[] bytes) {
        MessageDigest digest = begin();
        digest.update(bytes);
        return of(digest);
    }

    static Digest of(InputStream in) throws IOException {
        MessageDigest digest = begin();
        byte[] buffer = new byte[256 * 1024];
        for (int got = in.read(buffer); got >= 0; got = in.read(buffer)) {
            digest.update(buffer, 0, got);
        }
        return of(digest);
    }

    /** {@code what}: to follow "the digest of". */
    void check(Digest actual, String what) {
        if (!equals(actual)) {
            throw new BadArchive(
                    "the digest of " + what + " is not what it has to be (" + actual.hex + " for " + hex + ")");
        }
    }

    @Override
    public String toString() {
        return "sha256:" + hex;
    }
}
