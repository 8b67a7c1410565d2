package dev.banger.vm;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.EdECPrivateKey;
import java.util.Arrays;
import java.util.Base64;

/**
 * Makes ed25519 key pairs in OpenSSH's formats: the private key as in PROTOCOL.key of OpenSSH (unencrypted), the public one as
 * a line of RFC 8709.
 */
final class SshKeys {
    private static final String TYPE = "ssh-ed25519";

    private SshKeys() {}

    /** {@code publicLine} has no newline. Holds a secret: {@link #toString} hides it. */
    record Pair(String privateKey, String publicLine) {
        @Override
        public String toString() {
            return "Pair[" + publicLine + "]";
        }
    }

    static Pair generate(String comment) {
        try {
            KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            byte[] seed = ((EdECPrivateKey) pair.getPrivate())
                    .getBytes()
                    .orElseThrow(() -> new GeneralSecurityException("the key has no bytes"));
            byte[] encoded = pair.getPublic().getEncoded();
            // RFC 8410: the 32 bytes of the key are the end of its SubjectPublicKeyInfo.
            byte[] point = Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
            byte[] publicBlob = new Blob().string(TYPE).bytes(point).build();
            String line = TYPE + " " + Base64.getEncoder().encodeToString(publicBlob) + " " + comment;
            return new Pair(pem(seed, point, publicBlob, comment), line);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has Ed25519 (JEP 339)", e);
        }
    }

    private static String pem(byte[] seed, byte[] point, byte[] publicBlob, String comment) {
        int check = ByteBuffer.wrap(point).getInt(); // twice the same number: only encrypted keys need it to be random
        byte[] secret = ByteBuffer.allocate(64).put(seed).put(point).array();
        Blob inner = new Blob()
                .u32(check)
                .u32(check)
                .string(TYPE)
                .bytes(point)
                .bytes(secret)
                .string(comment);
        for (int pad = 1; inner.size() % 8 != 0; pad++) {
            inner.u8(pad);
        }
        byte[] whole = new Blob()
                .raw("openssh-key-v1\0".getBytes(StandardCharsets.US_ASCII))
                .string("none")
                .string("none")
                .string("")
                .u32(1)
                .bytes(publicBlob)
                .bytes(inner.build())
                .build();
        return "-----BEGIN OPENSSH PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(70, new byte[] {'\n'}).encodeToString(whole)
                + "\n-----END OPENSSH PRIVATE KEY-----\n";
    }

    /** The ssh wire encoding (RFC 4251, section 5). */
    private static final class Blob {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Blob u8(int value) {
            out.write(value);
            return this;
        }

        Blob u32(int value) {
            return raw(ByteBuffer.allocate(4).putInt(value).array());
        }

        Blob raw(byte[] value) {
            out.writeBytes(value);
            return this;
        }

        Blob bytes(byte[] value) {
            return u32(value.length).raw(value);
        }

        Blob string(String value) {
            return bytes(value.getBytes(StandardCharsets.UTF_8));
        }

        int size() {
            return out.size();
        }

        byte[] build() {
            return out.toByteArray();
        }
    }
}
