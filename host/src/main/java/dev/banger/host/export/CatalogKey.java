package dev.banger.host.export;

import dev.banger.api.BangerException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whose signature makes a catalog what it says it is: an Ed25519 public key (RFC 8032), {@code ed25519:} and its 32 bytes in base64url. */
record CatalogKey(String text) {
    private static final Pattern GRAMMAR = Pattern.compile("ed25519:([A-Za-z0-9_-]{43})");
    /** SubjectPublicKeyInfo of such a key up to its bytes (RFC 8410). */
    private static final byte[] PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    private static final int BYTES = 32;

    static CatalogKey parse(String text) {
        CatalogKey key = new CatalogKey(text);
        key.publicKey();
        return key;
    }

    static CatalogKey of(PublicKey key) {
        byte[] encoded = key.getEncoded();
        byte[] bytes = new byte[BYTES];
        System.arraycopy(encoded, encoded.length - BYTES, bytes, 0, BYTES);
        return new CatalogKey(
                "ed25519:" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
    }

    private PublicKey publicKey() {
        Matcher matcher = GRAMMAR.matcher(text);
        try {
            if (matcher.matches()) {
                byte[] bytes = Base64.getUrlDecoder().decode(matcher.group(1));
                byte[] encoded = new byte[PREFIX.length + BYTES];
                System.arraycopy(PREFIX, 0, encoded, 0, PREFIX.length);
                System.arraycopy(bytes, 0, encoded, PREFIX.length, BYTES);
                return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw BangerException.invalid("\"" + text + "\" is no Ed25519 key");
        }
        throw BangerException.invalid(
                "\"" + text + "\" is no key: ed25519: and 43 characters, as image publish prints it");
    }

    boolean verifies(byte[] message, byte[] signature) {
        try {
            Signature ed25519 = Signature.getInstance("Ed25519");
            ed25519.initVerify(publicKey());
            ed25519.update(message);
            return ed25519.verify(signature);
        } catch (GeneralSecurityException e) {
            return false; // a signature that cannot be one
        }
    }
}
